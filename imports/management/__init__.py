"""What operators call from a terminal: the commands, and the helpers that they share.

`targets` finds the user, organisation or network of an argument; `local_files` opens files;
`foreground` runs an import in this process; `terminal` shows its progress and outcome.
Only the commands use these modules.
"""
