"""Who may not upload at all: users and networks, kept in the database, asked at every upload."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.http import HttpRequest

from imports.errors import UnknownTarget, UploadBlocked
from imports.models import UploadBlock
from users.models import User

log = structlog.get_logger(__name__)


def refuse_blocked(user_id: UUID, organisation_id: UUID | str | None, address: str | None) -> None:
    """Raises `UploadBlocked` where the user, or the network that the address is in, is blocked.

    One query an upload, so that a block holds at once on every machine."""
    block = UploadBlock.objects.covering(user_id, plain_address(address or ""))
    if block is None:
        return
    log.warning(
        "csv_upload_blocked",
        user_id=str(user_id),
        organization_id=str(organisation_id),
        block_id=str(block.id),
    )
    whose = "your account" if block.user_id else "your network"
    until = f" until {block.until:%Y-%m-%d %H:%M} UTC" if block.until else ""
    raise UploadBlocked(
        f"Uploads from {whose} are blocked{until}. Please ask MarketEdge's support."
    )


def find_target(text: str) -> User | str:
    """The user (e-mail address or id) or network that an operator means. Raises `UnknownTarget`."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        return find_user(text)


def find_user(text: str) -> User:
    """The user with this e-mail address or id. Raises `UnknownTarget`."""
    try:
        found = User.objects.filter(id=UUID(text.strip())).first()
    except ValueError:
        found = User.objects.filter(email=User.objects.normalize_email(text)).first()
    if found is None:
        raise UnknownTarget(
            f"There is no user {text!r}. Give the e-mail address or id of a user, "
            "or, for a block, a network like 192.0.2.0/24."
        )
    return found


def block(
    target: User | str, *, reason: str, until: datetime | None, blocked_by: User | None
) -> UploadBlock:
    """Blocks a user or a network from now on; a block that is there already is replaced.

    Raises ValidationError where the network can't be blocked."""
    whom = _whom(target)
    found = UploadBlock.objects.filter(**whom).first() or UploadBlock(**whom)
    found.reason, found.until, found.blocked_by = reason, until, blocked_by
    found.full_clean()
    found.save()
    log.warning("csv_uploads_blocked", block_id=str(found.id), by=_id(blocked_by))
    return found


def unblock(target: User | str) -> bool:
    """Lifts the block of exactly this user or network; False where there is none."""
    deleted, _ = UploadBlock.objects.filter(**_whom(target)).delete()
    return bool(deleted)


def client_address(request: HttpRequest) -> str:
    """Where the request comes from, as far as it can't be forged; "" where that is unknown.

    Each proxy of ours appends the address that it was called from to X-Forwarded-For, so with
    TRUSTED_PROXY_HOPS of them in front the client's is that many from the right, and what stands
    further left was written by the client. With 0, or fewer entries, it is the connection's own."""
    hops: int = settings.TRUSTED_PROXY_HOPS
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    said = plain_address(forwarded[-hops]) if 0 < hops <= len(forwarded) else ""
    return said or plain_address(request.META.get("REMOTE_ADDR", ""))


def plain_address(text: str) -> str:
    """An IP address in its one form (an IPv4 one never inside an IPv6 one); "" for anything else."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address).partition("%")[0]  # without an interface's name


def _whom(target: User | str) -> dict[str, User | str | None]:
    return {"user": target} if isinstance(target, User) else {"network": target}


def _id(user: User | None) -> str | None:
    return str(user.id) if user else None
