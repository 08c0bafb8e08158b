"""The e-mail with an invitation.

Its templates are invitation.txt and invitation.html in users/templates/users/mail. Their texts in
other languages are in users/locale.
"""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext, override

from core.text import excerpt
from users.invitations.links import link
from users.mail import sender_domain
from users.models import Invitation


def message(invitation: Invitation) -> EmailMultiAlternatives:
    """Gives the e-mail: who invites, and the link at which to choose a password.

    It has no name of a person: an imported file decides on names, and an e-mail must not carry text
    that somebody wants to have sent. Two e-mails of the same generation have the same Message-ID
    and the same idempotency key, by which mail programs and some providers recognise duplicates.

    It is in the language of the organisation, or else in INVITATION_LANGUAGE."""
    recipient = invitation.user.email if invitation.user else ""
    key = f"{invitation.id}.{invitation.generation}"
    owner = invitation.organisation
    organisation = excerpt(owner.name if owner else "", 80)
    language = (owner.language if owner else "") or settings.INVITATION_LANGUAGE
    context = {
        "organisation": organisation,
        "email": recipient,
        "link": link(invitation),
        "expires_at": invitation.expires_at,
    }
    with override(language):
        context["subject"] = subject = _subject(organisation)
        text = render_to_string("users/mail/invitation.txt", context)
        html = render_to_string("users/mail/invitation.html", context)
    email = EmailMultiAlternatives(
        subject=subject,
        body=text,
        to=[recipient],
        headers={
            "Message-ID": f"<invitation.{key}@{sender_domain()}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: stops out-of-office replies
            "Resend-Idempotency-Key": key,
            "idempotencyKey": key,  # Brevo's
        },
    )
    email.attach_alternative(html, "text/html")
    # For django-anymail. A provider that rewrites links would get the token, and break the link.
    email.metadata = {"invitation": key}  # type: ignore[attr-defined]
    email.track_clicks = email.track_opens = False  # type: ignore[attr-defined]
    return email


def _subject(organisation: str) -> str:
    text = gettext("You have been invited to %(organisation)s on MarketEdge")
    return text % {"organisation": organisation}
