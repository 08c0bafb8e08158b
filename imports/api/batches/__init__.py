"""A submitted import: its progress, its errors, the history, cancel, retry and undo."""
