"""Who may not upload at all: users and networks on the block list."""

from __future__ import annotations

from uuid import UUID

import structlog

from core.requests.client_ip import normalise_ip
from core.text import utc
from imports.errors import UploadBlocked
from imports.models import UploadBlock

log = structlog.get_logger(__name__)


def refuse_blocked(user_id: UUID, organisation_id: UUID | str | None, ip: str | None) -> None:
    """Raises `UploadBlocked` if the user is blocked, or a network that the IP address belongs to.

    Reads the database at every upload, so that a block applies at once on every machine."""
    block = UploadBlock.objects.covering(user_id, normalise_ip(ip or ""))
    if block is None:
        return
    log.warning(
        "csv_upload_blocked",
        user_id=str(user_id),
        organization_id=str(organisation_id),
        reason="user" if block.user_id else "network",
    )
    blocked = "your account" if block.user_id else "your network"
    until = f" until {utc(block.until)}" if block.until else ""
    raise UploadBlocked(
        f"Uploads from {blocked} are blocked{until}. Please ask MarketEdge's support."
    )
