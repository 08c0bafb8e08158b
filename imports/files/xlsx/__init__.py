"""Reads .xlsx workbooks, each in a child process of its own.

    reading -> client -> processes -> launcher -> child -> workbook -> facts -> package
                     frames: the messages between client and child

`imports.files.reader` uses `reading.read_workbook`, and a server may call `processes.start`
ahead. What stands right of the launcher runs in the child only.
"""
