"""What the scripts of a checkout run: the virtual environment, local servers, demo and checks.

Nothing that is deployed imports it, and it imports nothing of the service.
"""
