"""Examples of refusals in the OpenAPI document, by HTTP status."""

from __future__ import annotations

PROBLEMS: dict[int, list[tuple[str, str]]] = {
    400: [
        (
            "missing_column",
            "The file has no column for email; it has: Name, Phone. Rename the column in the file,"
            " or send a mapping that says which one it is.",
        ),
        ("invalid", 'default_role: "boss" is not a valid choice.'),
        (
            "unknown_option",
            "There is no option 'skip_duplicate'. Did you mean 'skip_duplicates'? Allowed are"
            " default_role, delimiter, encoding, file, header_row, mapping, send_invitations,"
            " sheet, skip_duplicates, skip_hidden_rows, skip_suspended, upload_id.",
        ),
    ],
    401: [("not_authenticated", "Log in first: send an access token or an API key.")],
    403: [("permission_denied", "Only administrators may manage users.")],
    404: [("not_found", "There is no such import.")],
    406: [("not_acceptable", "Ask for application/json.")],
    409: [
        ("move_not_allowed", "This import has completed already: there is nothing left to cancel."),
        (
            "upload_changed",
            "The rows were changed by ada@acme.example meanwhile. Look at them again, then repeat"
            " it.",
        ),
        (
            "last_administrator",
            "This is the last active administrator of the organisation. Make somebody else one"
            " first.",
        ),
    ],
    412: [
        (
            "person_changed",
            "Somebody else has changed this person since. Look at the person again, then repeat"
            " it.",
        )
    ],
    413: [("file_too_large", "The file is larger than 10,485,760 bytes.")],
    415: [("unsupported_media_type", 'Unsupported media type "text/plain" in request.')],
    422: [
        (
            "idempotency_key_reused",
            "This Idempotency-Key came with another file or other options before.",
        )
    ],
    428: [
        (
            "if_match_required",
            "Send the ETag of the person as If-Match, so that nobody overwrites the change of"
            " another.",
        )
    ],
    429: [("quota_exceeded", "You have used up the 10 imports that you may make in an hour.")],
    503: [
        ("feature_disabled", "Importing users is switched off at the moment."),
        (
            "imports_halted",
            "Imports are halted for the moment. What was started goes on later. Try again in"
            " minutes.",
        ),
    ],
    507: [
        (
            "staging_full",
            "The files of your organisation take up 499.2 MiB of the 500.0 MiB that they may, and"
            " the rows of this file need 1.3 MiB. Files of previews and of old imports are deleted"
            " after some time: there will be enough room within an hour after 2026-05-04 12:30 UTC."
            " Until then, upload a smaller file, or ask MarketEdge's support for more room.",
        )
    ],
}
