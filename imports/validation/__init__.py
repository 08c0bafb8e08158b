"""The rules for the values of a row.

No database and no clock. Others call `rows.RowChecker`, which turns a row into a user or a list of
its problems, and use the constants of `rules` and the problems of `problems`.
"""
