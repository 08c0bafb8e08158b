"""What every app of the service builds on: the base of all tables, refusals and their HTTP form.

Others may use every module here. `core` imports no other package of the project.
"""
