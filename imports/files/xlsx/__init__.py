"""Reads .xlsx workbooks, each in a child process of its own.

    client -> processes -> launcher -> child -> workbook -> package, sheets, scan
                     frames: the messages between client and child

`imports.files.reader` uses `client.RemoteWorkbookSource`, and a server may call `processes.start`
ahead. What stands right of the launcher runs in the child only.
"""
