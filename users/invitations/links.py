"""The links in invitations.

A token is computed from the invitation's id and generation, so that no table holds it, and each
attempt to send an invitation sends the same link. It holds 256 bits. Another SECRET_KEY makes all
links void.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from users.models.invitations import Invitation

PREFIX = "mei_"  # by which programs that look for secrets recognise a token
_SALT = "users.invitations.links"


def token_of(invitation_id: UUID, generation: int) -> str:
    """The token of an invitation's generation: 47 characters that a URL may hold."""
    made = salted_hmac(_SALT, f"{invitation_id}.{generation}", algorithm="sha256")
    return PREFIX + urlsafe_b64encode(made.digest()).decode().rstrip("=")


def hash_of(token: str) -> str:
    """What is stored of a token: its SHA-256, in hexadecimal digits. A token has too many bits to
    be guessed, so that it needs no salt."""
    return sha256(token.encode()).hexdigest()


def link(invitation: Invitation) -> str:
    """The URL at which the invited person chooses a password."""
    token = token_of(invitation.id, invitation.generation)
    return f"{settings.PUBLIC_URL.rstrip('/')}/invitations/{token}"
