"""Logging in and out by the API: tokens, passwords, the link of an invitation, and who one is."""
