"""The `manage.py` commands for operators. Each parses, calls one function, and prints the result.

`imports.management` holds what several of them share. Nothing imports a command.
"""
