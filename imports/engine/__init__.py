"""The import itself: a file is staged in chunks, and workers write one chunk after the other.

`imports.actions` and `imports.tasks` call these modules. No module here knows who calls it.
"""
