"""Organisations, their users, roles, tokens and API keys. It knows nothing of imports.

Others may use `models`, `roles`, `permissions`, `tokens`, `api_keys`, `admin.base` and
`admin.users`.
"""
