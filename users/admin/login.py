"""The login form of the admin site."""

from __future__ import annotations

from django.contrib.admin.forms import AdminAuthenticationForm

from users.accounts.login_forms import LimitedLogin


class LoginForm(LimitedLogin, AdminAuthenticationForm):
    """Django's form for those who may open the admin site, with the limits of every login."""
