"""What operators call from a terminal: the commands, and the helpers that they share.

`targets` finds the user, organisation or network of an argument; `terminal` shows the progress.
Only the commands use these modules.
"""
