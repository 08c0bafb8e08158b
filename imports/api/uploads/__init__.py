"""What a client sends a file to: imports and previews, their options, and the template."""
