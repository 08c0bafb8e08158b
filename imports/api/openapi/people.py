"""Examples of people in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from imports.api.openapi.examples import BATCH, ORGANISATION, USER

_PATH = f"/api/v1/organizations/{ORGANISATION}/users"

NEW = {
    "email": "zoe@acme.example",
    "first_name": "Zoë",
    "last_name": "Ångström",
    "role": "viewer",
    "department": "Sales",
    "market_edge_access": True,
    "send_invitation": True,
}
CHANGE = {"department": "Research", "role": "analyst"}
PERSON: dict[str, Any] = {
    "id": USER,
    "email": "zoe@acme.example",
    "first_name": "Zoë",
    "last_name": "Ångström",
    "role": "viewer",
    "department": "Sales",
    "location": "Malmö",
    "phone": "+44 20 7946 0123",
    "market_edge_access": True,
    "causal_edge_access": False,
    "value_edge_access": False,
    "is_active": True,
    "last_login": None,
    "created_at": "2026-11-23T10:00:00.123456Z",
    "updated_at": "2026-11-23T10:00:00.123456Z",
    "batch_id": BATCH,
    "invitation": {
        "state": "sent",
        "reason": "",
        "sent_at": "2026-11-23T10:00:02.123456Z",
        "expires_at": "2026-11-30T10:00:02.123456Z",
        "accepted_at": None,
    },
}
PAGE = {
    "next": f"https://marketedge.example{_PATH}?cursor=WyJlbWFpbCIs…",
    "results": [PERSON],
}
