"""Finds the header row of a file, and the column of a full name.

Others may use `header_row` and `full_names`.
"""
