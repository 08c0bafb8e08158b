"""The Celery tasks of this app, where Celery looks for them."""

from users.accounts.mail_requests import renew_invitation, send_password_reset

__all__ = ["renew_invitation", "send_password_reset"]
