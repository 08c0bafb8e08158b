"""Reads .xlsx workbooks: the archive and the sheet are checked before they are loaded.

`imports.files.reader` uses `workbook.WorkbookSource`; nothing else is called from outside.
"""
