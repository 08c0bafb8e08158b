"""The app `users`."""

from django.apps import AppConfig
from django.conf import settings

from users import checks as checks  # registers them
from users.rights import permissions
from users.rights.roles import USER_MANAGERS


class UsersConfig(AppConfig):
    """Organisations, users, invitations and API keys."""

    name = "users"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Grants the permissions for the models of this app, and listens to the e-mail provider."""
        for role in USER_MANAGERS:
            permissions.grant(role, "users.view_user", "users.add_user", "users.change_user")
        if settings.EMAIL_PROVIDER:
            from users.invitations import bounces  # its models are loaded now

            bounces.connect()
