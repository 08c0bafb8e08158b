"""Organisations, their users, roles, tokens and API keys. It knows nothing of imports.

Others may use `models`, `rights`, `credentials`, `admin.base` and `admin.users`.
"""
