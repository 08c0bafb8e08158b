"""The commands of the guides for operators run, and do what the guides say."""
