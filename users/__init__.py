"""Organisations, their users, roles, tokens and API keys. It knows nothing of imports.

Others may use `models`, `roles`, `tokens`, `api_keys` and `admin.base`.
"""
