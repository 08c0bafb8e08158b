"""What operators call from a terminal: the commands, and the helpers that they share.

`targets` finds the user, organisation or network that an argument names; `terminal` writes progress.
Only the commands use these modules.
"""
