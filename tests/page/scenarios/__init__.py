"""What an administrator goes through on the way of an import: the whole way, and what goes wrong on it."""
