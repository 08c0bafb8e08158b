"""The environment variables of e-mail. marketedge/settings.py passes them on to Django."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

from environs import Env, ValidationError, validate

# Provider -> the setting of django-anymail that holds its key. Only providers whose webhooks give
# back the metadata of an e-mail (users/invitations/bounces.py). All others work through SMTP.
PROVIDERS = {
    "brevo": "BREVO_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "resend": "RESEND_API_KEY",
    "sendgrid": "SENDGRID_API_KEY",
}
LANGUAGES = ("en", "de")  # of which users/locale has the texts of e-mails
_SMTP = "users.mail.smtp.EmailBackend"
_FILES = "users.mail.files.EmailBackend"
_RESEND = "users.mail.resend.EmailBackend"
_SENDER = validate.Regexp(
    r".+@.+", error="{input} is not a sender like MarketEdge <imports@marketedge.example>."
)
_URL = validate.Regexp(
    r"^https?://[^/?#\s]+/?\Z", error="{input} is not a URL like https://marketedge.example."
)
_BASIC_AUTH = validate.Regexp(
    r"^$|^[^:\s]{8,}:[^:\s]{8,}\Z",
    error="This must be a name and a password of 8 characters or more, with a colon between them.",
)


class Mail(NamedTuple):
    """The settings of e-mail."""

    backend: str
    host: str  # an SMTP server
    port: int
    user: str
    password: str
    tls: bool
    file_path: str  # a folder that gets a file for each e-mail, for a trial
    provider: str  # the API of a provider, through django-anymail
    anymail: dict[str, Any]
    webhook_secret: str
    sender: str
    public_url: str
    rate: int
    days: int
    language: str


def read(env: Env) -> Mail:
    """Reads the variables. `env` notes the missing and wrong ones."""
    host: str = env.str("EMAIL_HOST", "")  # empty, as the next two: no e-mail is sent or queued
    file_path: str = env.str("EMAIL_FILE_PATH", "", validate=_alone(EMAIL_HOST=host))
    provider: str = env.str(
        "EMAIL_PROVIDER",
        "",
        validate=[_known_provider, _alone(EMAIL_HOST=host, EMAIL_FILE_PATH=file_path)],
    )
    is_on = bool(host or file_path or provider)
    webhook_secret: str = env.str("ANYMAIL_WEBHOOK_SECRET", "", validate=_BASIC_AUTH)
    return Mail(
        backend=_backend(file_path, provider),
        host=host,
        port=env.int("EMAIL_PORT", 587, validate=validate.Range(min=1, max=65535)),
        user=env.str("EMAIL_HOST_USER", ""),
        password=env.str("EMAIL_HOST_PASSWORD", ""),
        tls=env.bool("EMAIL_USE_TLS", True),
        file_path=file_path,
        provider=provider,
        anymail=_anymail(env, provider, webhook_secret),
        webhook_secret=webhook_secret if provider else "",
        sender=env.str("DEFAULT_FROM_EMAIL", validate=_SENDER) if is_on else "",
        # The start of links. The Host header is never used for them: clients can forge it.
        public_url=env.str("PUBLIC_URL", validate=_URL) if is_on else "",
        rate=env.int("INVITATION_RATE", 600, validate=validate.Range(min=1, max=100_000)),
        days=env.int("INVITATION_DAYS", 7, validate=validate.Range(min=1, max=30)),
        language=env.str("INVITATION_LANGUAGE", "en", validate=validate.OneOf(LANGUAGES)),
    )


def _backend(file_path: str, provider: str) -> str:
    if provider == "resend":
        return _RESEND
    if provider:
        return f"anymail.backends.{provider}.EmailBackend"
    return _FILES if file_path else _SMTP


def _anymail(env: Env, provider: str, webhook_secret: str) -> dict[str, Any]:
    """Gives the setting ANYMAIL."""
    if provider not in PROVIDERS:
        return {}
    found: dict[str, Any] = {
        PROVIDERS[provider]: env.str("EMAIL_PROVIDER_KEY"),
        "REQUESTS_TIMEOUT": 10,  # seconds; a task has more (users/invitations/outbox.py)
        "IGNORE_UNSUPPORTED_FEATURES": True,  # not all can be told to leave links as they are
    }
    if webhook_secret:
        found["WEBHOOK_SECRET"] = webhook_secret
    if url := env.str("EMAIL_PROVIDER_URL", ""):
        found[f"{provider.upper()}_API_URL"] = url
    return found


def _known_provider(name: str) -> None:
    if name and name not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        raise ValidationError(f"{name} is none of {known}. Others can be used through SMTP.")
    if name and find_spec("anymail") is None:
        raise ValidationError("This needs the packages of requirements/anymail.txt.")


def _alone(**others: str) -> Callable[[str], None]:
    """Gives a check that none of the other variables has a value."""

    def check(value: str) -> None:
        taken = [name for name, other in others.items() if other]
        if value and taken:
            raise ValidationError(f"Set this or {taken[0]}, but not both.")

    return check
