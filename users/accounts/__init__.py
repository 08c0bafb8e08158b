"""What people do with their own account: they log in, and get a new password or invitation."""
