"""What a user proves their identity with: tokens, API keys, and the limits of login attempts."""
