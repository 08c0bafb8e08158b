"""The programs behind `script/…`: virtual environment, local servers, demo and checks.

Nothing that is deployed imports it, and it imports nothing of the service.
"""
