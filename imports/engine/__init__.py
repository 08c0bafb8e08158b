"""Runs imports: stages a file in chunks, and writes one chunk after the other to the database.

`imports.actions` and `imports.tasks` call these modules. No module here knows its callers.
"""
