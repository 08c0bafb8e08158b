"""Reads delimited text: encoding, quoting, delimiter and rows.

`imports.files.reader` uses `encoding` and `source`.
"""
