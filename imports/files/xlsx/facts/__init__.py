"""What a workbook says about a cell besides its value: its number format, formula, link or error.

The child process uses `cells`, `scan` and `formats`. The parent makes notices with `findings`.
"""
