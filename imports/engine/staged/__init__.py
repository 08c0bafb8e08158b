"""Staged files: a file is read once, and its rows are stored in chunks of canonical CSV.

`staging` stores and shares them, `file_reading` reads a file without a transaction, and `chunks`
checks the rows of a chunk.
"""
