"""Looks at a staged file before its import: the preview, and the review in which rows are changed.

preview.py    checks every row once, and stores no row
beginning.py  checks every row once, and stores them all
changes.py    changes rows, mapping and options, and takes changes back
records.py    a row of a review, and the statements that read and write rows
comparing.py  compares rows with each other, and with the users
queries.py    counts, groups of problems, and pages of rows
summary.py    all that is shown of a review
submission.py writes the rows as they stand into the chunks that are imported
"""
