"""The way of an import as an administrator goes it, and what goes wrong on it."""
