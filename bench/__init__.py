"""`script/bench`: measures imports, and raw COPY beside them, on its own servers.

`measurements` lists what is measured. The other modules prepare data, start processes and report.
"""
