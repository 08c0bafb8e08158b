"""What operators call from a terminal: the commands, and the helpers that they share.

`base` is the class of all commands. `targets` finds the user, organisation, network or import of
an argument. `local_files` opens files. `foreground` runs an import in this process, and `terminal`
shows its progress and outcome. Only the commands use these modules.
"""
