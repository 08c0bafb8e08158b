"""The Celery tasks of this app, where Celery looks for them."""

from users.accounts.mail_requests import renew_invitation, send_password_reset
from users.invitations.tasks import send_invitations

__all__ = ["renew_invitation", "send_invitations", "send_password_reset"]
