"""Examples of requests and answers in the OpenAPI document."""

from __future__ import annotations

from typing import Any

ORGANISATION = "7e0a7d53-6a53-4a9c-8c0b-5d8f5c5e0a01"
BATCH = "0b6f1c1e-51c4-4f63-9d5d-6f0d5a1f7c02"
OTHER_BATCH = "3c9d9f5e-7c39-4d0e-b7ac-2a1b8d5b9d03"
UPLOAD = "f5a2c0de-9d5c-4a86-a0b4-1f9f1b6f4d04"
USER = "b2f4f5a0-0c55-45d2-a8c6-9a43b6a8c105"
_PATH = f"/api/v1/organizations/{ORGANISATION}/users/import"

CREDENTIALS = {"email": "admin@acme.example", "password": "marketedge-demo"}
TOKENS = {"access": "eyJhbGciOiJIUzI1NiIs…", "refresh": "eyJhbGciOiJIUzI1NiIs…"}
MAIL_SENT = {
    "detail": "If an account that can be used has this e-mail address, an e-mail is on its way to"
    " it. It can take some minutes. Look into the folder for spam as well."
}
NEW_PASSWORD = {
    "user_id": USER,
    "token": "cyq1mh-5f1c7ad3b2…",
    "password": "correct horse battery staple",
}
PASSWORD_CHANGE = {
    "current_password": "marketedge-demo",
    "password": "correct horse battery staple",
}
INVITATION_TOKEN = {"token": "mei_Zc3…"}
ACCEPTANCE = INVITATION_TOKEN | {"password": "correct horse battery staple"}
INVITATION = {
    "state": "open",
    "detail": "",
    "email": "zoe@acme.example",
    "organization": {"id": ORGANISATION, "name": "Acme"},
}
ME = {
    "id": USER,
    "email": "admin@acme.example",
    "role": "admin",
    "organization": {"id": ORGANISATION, "name": "Acme"},
}

INVITATIONS: dict[str, Any] = {
    "pending": 0,
    "sent": 0,
    "accepted": 0,
    "expired": 0,
    "revoked": 0,
    "failed": 0,
    "bounced": 0,
    "unknown": 0,
    "message": "",
}
PENDING: dict[str, Any] = {
    "id": BATCH,
    "organization_id": ORGANISATION,
    "filename": "users.csv",
    "status": "pending",
    "total_rows": 5000,
    "processed_rows": 0,
    "successful_rows": 0,
    "skipped_rows": 0,
    "failed_rows": 0,
    "unprocessed_rows": 5000,
    "created_at": "2026-11-23T10:00:00.123456Z",
    "started_at": None,
    "completed_at": None,
    "error_message": "",
    "progress": {"percent": 0, "rows_per_second": None, "eta_seconds": None},
    "invitations": INVITATIONS,
    "options": {"send_invitations": True, "skip_duplicates": True, "default_role": "viewer"},
    "warnings": [
        {
            "row": None,
            "code": "unknown_column",
            "message": 'The column "Shoe size" is ignored: no field is read from it.',
            "column": "Shoe size",
            "cell": None,
            "count": 1,
            "examples": [],
        }
    ],
    "uploaded_by": USER,
    "retry_of": None,
    "undo_until": None,
    "undone_at": None,
    "undone_rows": 0,
    "edited_rows": 0,
    "dropped_rows": 0,
    "edited_by": None,
}
COMPLETED = PENDING | {
    "status": "completed",
    "processed_rows": 5000,
    "successful_rows": 4930,
    "skipped_rows": 10,
    "failed_rows": 60,
    "unprocessed_rows": 0,
    "started_at": "2026-11-23T10:00:00.201334Z",
    "completed_at": "2026-11-23T10:00:00.481334Z",
    "undo_until": "2026-12-23T10:00:00.481334Z",
    "error_message": "Partial import: 4930 succeeded, 60 failed",
    "progress": {"percent": 100, "rows_per_second": 17857.1, "eta_seconds": None},
    "invitations": INVITATIONS | {"pending": 4318, "sent": 590, "accepted": 12, "failed": 10},
}
CANCELLED = PENDING | {
    "status": "cancelled",
    "processed_rows": 2000,
    "successful_rows": 2000,
    "unprocessed_rows": 3000,
    "started_at": "2026-11-23T10:00:00.201334Z",
    "completed_at": "2026-11-23T10:00:01.201334Z",
    "undo_until": "2026-12-23T10:00:01.201334Z",
    "progress": {"percent": 40, "rows_per_second": 2000.0, "eta_seconds": None},
    "invitations": INVITATIONS | {"pending": 2000},
}
UNDONE = {
    "batch_id": BATCH,
    "is_finished": True,
    "removed_rows": 4929,
    "kept_rows": 1,
    "moved_rows": 0,
    "kept": [
        {
            "user_id": USER,
            "email": "zoe@acme.example",
            "reason": "logged_in",
            "message": "zoe@acme.example has logged in.",
        }
    ],
}
UNDOING = UNDONE | {"is_finished": False, "removed_rows": 2000, "kept_rows": 2930, "kept": []}
RETRY = PENDING | {"id": OTHER_BATCH, "retry_of": BATCH}
HISTORY = {
    "count": 41,
    "next": f"https://marketedge.example{_PATH}?page=2",
    "previous": None,
    "results": [{name: value for name, value in COMPLETED.items() if name != "invitations"}],
}
ERRORS = {
    "batch_id": BATCH,
    "total_errors": 60,
    "errors": [
        {
            "row_number": 17,
            "field_name": "role",
            "error_code": "invalid_role",
            "error_message": '"boss" is no role. Allowed are admin, analyst and viewer.',
            "row_data": {"email": "zoe@acme.example", "first_name": "Zoë", "role": "boss"},
        }
    ],
    "next": None,
    "previous": None,
}
PREVIEW = {
    "upload_id": UPLOAD,
    "is_valid": False,
    "total_rows": 3,
    "valid_rows": 1,
    "failed_rows": 1,
    "error_count": 1,
    "duplicate_count": 1,
    "warning_count": 2,
    "error_codes": {"invalid_role": 1},
    "errors": [
        {
            "row": 3,
            "field": "role",
            "code": "invalid_role",
            "message": '"boss" is no role. Allowed are admin, analyst and viewer.',
            "value": "boss",
        }
    ],
    "duplicates": [
        {
            "row": 4,
            "email": "known@acme.example",
            "message": "known@acme.example is a user of your organisation already, and is not"
            " changed.",
        }
    ],
    "warnings": [
        {
            "row": None,
            "code": "encoding_guessed",
            "message": "The file is not UTF-8. It is shown as windows-1252, which is a guess: check"
            " letters such as ä, é or ñ. To import it, name the encoding"
            ' ("encoding=windows-1252").',
            "column": None,
            "cell": None,
            "count": 1,
            "examples": [],
        },
        *PENDING["warnings"],
    ],
    "preview_data": [
        {
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
            "send_invitation": True,
        }
    ],
    "file": {
        "filename": "users.csv",
        "size_bytes": 412,
        "kind": "csv",
        "encoding": "windows-1252",
        "encoding_readings": [
            {"encoding": "windows-1252", "is_read": True, "examples": ["Zoë", "Ångström"]},
            {"encoding": "mac-roman", "is_read": False, "examples": ["ZoÎ", "≈ngstrˆm"]},
        ],
        "delimiter": ",",
        "sheet": None,
        "sheets": [],
        "header_row": 1,
        "mapping": {"email": "E-mail Address", "first_name": "First name"},
        "columns": [
            {"header": "E-mail Address", "field": "email", "examples": ["zoe@acme.example"]},
            {"header": "First name", "field": "first_name", "examples": ["Zoë"]},
            {"header": "Shoe size", "field": None, "examples": ["42"]},
        ],
    },
}
