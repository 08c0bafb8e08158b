"""The fields that a file may contain, and how its header row is matched with them.

No database and no settings. Others call `columns.match_headers`, and use `fields.FIELDS` for
everything that differs by field: label, example, database column, limits, header names.
"""
