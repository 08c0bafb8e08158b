"""The tables of organisations, users, invitations, API keys and login attempts.

Other packages import the classes from here, never from the modules below.
"""

from users.models.api_keys import ApiKey
from users.models.invitation_sender import InvitationSender
from users.models.invitations import Invitation, InvitationRequest
from users.models.login_attempts import LoginAttempts, Reserved
from users.models.organisations import Organisation
from users.models.refresh_tokens import RefreshTokenFamily
from users.models.users import User, UserManager, stored_email

__all__ = [
    "ApiKey",
    "Invitation",
    "InvitationRequest",
    "InvitationSender",
    "LoginAttempts",
    "Organisation",
    "RefreshTokenFamily",
    "Reserved",
    "User",
    "UserManager",
    "stored_email",
]
