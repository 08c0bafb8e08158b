"""Who may not upload at all, and where a request comes from."""

from __future__ import annotations

from uuid import UUID

import structlog

from core.client_ip import normalise_ip
from imports.errors import UploadBlocked
from imports.models import UploadBlock

log = structlog.get_logger(__name__)


def refuse_blocked(user_id: UUID, organisation_id: UUID | str | None, address: str | None) -> None:
    """Raises `UploadBlocked` where the user, or the network that the address is in, is blocked.

    One query an upload, so that a block holds at once on every machine."""
    block = UploadBlock.objects.covering(user_id, normalise_ip(address or ""))
    if block is None:
        return
    log.warning(
        "csv_upload_blocked",
        user_id=str(user_id),
        organization_id=str(organisation_id),
        reason="user" if block.user_id else "network",
    )
    whose = "your account" if block.user_id else "your network"
    until = f" until {block.until:%Y-%m-%d %H:%M} UTC" if block.until else ""
    raise UploadBlocked(
        f"Uploads from {whose} are blocked{until}. Please ask MarketEdge's support."
    )
