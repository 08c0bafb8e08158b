"""Reads .xlsx workbooks. The archive and the sheet are checked before the sheet is loaded.

`imports.files.reader` uses `package.is_zip` and `workbook.WorkbookSource`; nothing else is called
from outside.
"""
