"""The ZIP archive of a workbook and its XML parts: which sheets it has, and how large it may get.

Runs in the child process only.
"""
