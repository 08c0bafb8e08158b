"""Examples of the review of a staged file in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from imports.api.openapi.examples import PREVIEW, UPLOAD, USER

ROW: dict[str, Any] = {
    "row": 3,
    "state": "invalid",
    "values": {
        "email": "grace@acme.example",
        "first_name": "Grace",
        "last_name": "Hopper",
        "role": "Sales Team",
    },
    "edited": ["last_name"],
    "problems": [
        {
            "field": "role",
            "code": "invalid_role",
            "message": '"Sales Team" is not a role. Use admin, analyst or viewer, or leave it'
            " empty.",
        }
    ],
}
ROWS = {"revision": 2, "total": 1, "rows": [ROW]}
REVIEW: dict[str, Any] = {
    "upload_id": UPLOAD,
    "revision": 2,
    "can_undo": True,
    "expires_at": "2026-03-08T09:20:00Z",
    "edited_at": "2026-03-01T09:20:00Z",
    "edited_by": {"id": USER, "email": "admin@acme.example"},
    "options": {"send_invitations": True, "skip_duplicates": True, "default_role": "viewer"},
    "file": PREVIEW["file"],
    "counts": {
        "all": 800,
        "ready": 763,
        "invalid": 12,
        "existing": 24,
        "edited": 1,
        "dropped": 1,
        "invitations": 700,
    },
    "problems": [
        {
            "field": "role",
            "column": "Role",
            "code": "invalid_role",
            "count": 12,
            "values": [
                {"value": "Sales Team", "count": 12, "message": ROW["problems"][0]["message"]}
            ],
        }
    ],
    "warnings": [],
}
CHANGE: dict[str, Any] = {
    "revision": 2,
    "replace": [{"field": "role", "from": "Sales Team", "to": "viewer"}],
}
CHANGED: dict[str, Any] = {
    **REVIEW,
    "revision": 3,
    "counts": {**REVIEW["counts"], "ready": 775, "invalid": 0, "edited": 12},
    "problems": [],
    "rows": [
        {
            **ROW,
            "state": "ready",
            "values": {**ROW["values"], "role": "viewer"},
            "edited": ["last_name", "role"],
            "problems": [],
        }
    ],
}
