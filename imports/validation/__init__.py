"""The rules for the values of a row. `rows.RowChecker` turns a row into a user or its problems.

Pure: no database, no clock. Others use `rows`, and the constants of `rules`.
"""
