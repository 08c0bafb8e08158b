"""Writes the users and the row errors of one chunk to PostgreSQL, with COPY.

`imports.engine` calls `copy_writer`. The other modules serve it.
"""
