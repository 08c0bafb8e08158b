"""Takes off what does not belong to a cell's value, and finds rows that are not users.

`reading` uses `cleaner`, `stepped_over` and `suspended`. `suspects` finds the text that needs it.
"""
