"""The `manage.py` commands for operators: each parses its arguments, calls one function, answers.

`imports.management` holds what several of them share. Nothing imports a command.
"""
