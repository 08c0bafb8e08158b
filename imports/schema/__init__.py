"""Which fields a file may hold, and which of its columns holds which field.

Pure: no database, no settings. Others use `fields`, `columns` and nothing private of them.
"""
