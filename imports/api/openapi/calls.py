"""What the OpenAPI document says of each call, beside what it finds out by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)

from imports.api import answers, serializers
from imports.api.openapi import examples
from imports.api.openapi.parts import answer, csv_file, header, limit_headers, refused
from imports.models.statuses import Status

ANYWHERE = (401, 403, 404, 406, 503)
COUNT = {"type": "integer", "minimum": 1}
KEY = {"type": "string", "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"}
MOMENT = {"anyOf": [{"type": "string", "format": form} for form in ("date", "date-time")]}
_STATUSES = "|".join(Status.values)
STATUS_LIST = {"type": "string", "pattern": f"^({_STATUSES})(,({_STATUSES}))*$"}
ORGANISATION = OpenApiParameter(
    "org_id", OpenApiTypes.UUID, "path", description="The organisation."
)
BATCH = OpenApiParameter("batch_id", OpenApiTypes.UUID, "path", description="The import.")
LOCATION = [
    header("Location", "Where to ask how far it is.", [202], OpenApiTypes.URI_REF),
    header("Retry-After", "Seconds until it is worth asking.", [202]),
]

# --- logging in -------------------------------------------------------------------------------

token = extend_schema_view(
    post=extend_schema(
        operation_id="log_in",
        tags=["auth"],
        summary="Log in",
        request=serializers.Credentials,
        responses={
            200: answer(answers.Tokens, "A pair of tokens.", examples.TOKENS),
            **refused(400, 401, 415, 429, 503),
        },
        parameters=[header("Retry-After", "Seconds until the next try is looked at.", [429])],
        examples=[OpenApiExample("example", examples.CREDENTIALS, request_only=True)],
        auth=[],
    )
)
refresh = extend_schema_view(
    post=extend_schema(
        operation_id="refresh",
        tags=["auth"],
        summary="New tokens for a refresh token, which is used up",
        request=serializers.Refresh,
        responses={
            200: answer(answers.Tokens, "A pair of tokens.", examples.TOKENS),
            **refused(400, 401, 415, 503),
        },
        auth=[],
    )
)
me = extend_schema_view(
    get=extend_schema(
        operation_id="me",
        tags=["auth"],
        summary="Who am I?",
        responses={
            200: answer(answers.Me, "The user that the token or key is of.", examples.ME),
            **refused(401, 406, 503),
        },
    )
)

# --- imports ----------------------------------------------------------------------------------

_TEMPLATE: dict[str, Any] = {
    "tags": ["import"],
    "summary": "A CSV file with every column and one example row",
    "parameters": [ORGANISATION],
    "request": None,
    "responses": {
        (200, "text/csv"): csv_file("user_import_template.csv"),
        **refused(*ANYWHERE, 415),
    },
}
template = extend_schema_view(
    get=extend_schema(operation_id="template", **_TEMPLATE),
    post=extend_schema(operation_id="template_by_post", **_TEMPLATE),
)
preview = extend_schema_view(
    post=extend_schema(
        operation_id="preview",
        tags=["import"],
        summary="What an import of this file would do",
        description="Nothing is written to users. The file is kept for an hour: import it by its"
        " `upload_id`. Counts are of all rows; each list names at most 100.",
        parameters=[
            ORGANISATION,
            serializers.OptionsSerializer,
            *limit_headers(200, 400, 413, 429),
        ],
        request={"multipart/form-data": serializers.PreviewForm},
        responses={
            200: answer(answers.PreviewSerializer, "What was found.", examples.PREVIEW),
            **refused(*ANYWHERE, 400, 413, 415, 429),
        },
    )
)
submit = extend_schema(
    operation_id="import",
    tags=["import"],
    summary="Import a file",
    description="Checks the file as a whole, queues it, and answers at once. Invalid rows never"
    " stop the valid ones. Options may also be query parameters.",
    parameters=[
        ORGANISATION,
        serializers.OptionsSerializer,
        OpenApiParameter(
            "Idempotency-Key",
            KEY,
            "header",
            description="Any text up to 255 characters, a UUID for example. The same key with the"
            " same file gives the same import again, and costs nothing.",
        ),
        header("Idempotency-Replayed", "`true` for an answer to a key used before.", [202], str),
        *LOCATION,
        *limit_headers(202, 400, 413, 422, 429),
    ],
    request={
        "multipart/form-data": serializers.ImportForm,
        "application/json": serializers.ImportReference,
        "application/x-www-form-urlencoded": serializers.ImportReference,
    },
    responses={
        202: answer(answers.BatchSerializer, "The batch, pending.", examples.PENDING),
        **refused(*ANYWHERE, 400, 413, 415, 422, 429),
    },
)
history = extend_schema(
    operation_id="history",
    tags=["import"],
    summary="All imports of the organisation, newest first",
    parameters=[
        ORGANISATION,
        OpenApiParameter("page", COUNT, "query", description="From 1."),
        OpenApiParameter("page_size", COUNT, "query", description="At most 100; 20."),
        OpenApiParameter(
            "status",
            STATUS_LIST,
            "query",
            description=f"Of {', '.join(Status.values)}; several: comma.",
        ),
        OpenApiParameter(
            "created_after", MOMENT, "query", description="A day or a moment, ISO 8601."
        ),
        OpenApiParameter(
            "created_before", str, "query", description="A day or a moment, ISO 8601."
        ),
    ],
    responses={
        200: answer(answers.BatchList, "A page.", examples.HISTORY),
        **refused(*ANYWHERE, 400),
    },
)
batch = extend_schema_view(
    get=extend_schema(
        operation_id="batch",
        tags=["import"],
        summary="How far an import is",
        description="Ask every two seconds (Retry-After) while `status` is pending or processing,"
        " with the last ETag as If-None-Match: 304 says that nothing has changed.",
        parameters=[
            ORGANISATION,
            BATCH,
            OpenApiParameter("If-None-Match", str, "header", description="The ETag of before."),
            header("ETag", "For If-None-Match.", [200, 304], str),
            header("Retry-After", "Seconds to wait; missing once it is over.", [200, 304]),
        ],
        responses={
            200: answer(answers.BatchSerializer, "The batch.", examples.COMPLETED),
            304: OpenApiResponse(description="Nothing has changed."),
            **refused(*ANYWHERE),
        },
    )
)
errors = extend_schema_view(
    get=extend_schema(
        operation_id="errors",
        tags=["import"],
        summary="What was wrong with which row",
        description="As JSON, a page at a time. With `?format=csv` or `Accept: text/csv`: the"
        " failing rows as they stood, in the file's own columns, with the reasons in one more"
        " column; mend them and upload that file.",
        parameters=[
            ORGANISATION,
            BATCH,
            OpenApiParameter("format", str, "query", enum=["json", "csv"]),
            OpenApiParameter("page", COUNT, "query", description="From 1."),
            OpenApiParameter("page_size", COUNT, "query", description="At most 1000; 100."),
        ],
        responses={
            (200, "application/json"): answer(answers.ErrorList, "A page.", examples.ERRORS),
            (200, "text/csv"): csv_file("The failing rows."),
            **refused(*ANYWHERE),
        },
    )
)
cancel = extend_schema_view(
    post=extend_schema(
        operation_id="cancel",
        tags=["import"],
        summary="Stop an import",
        description="Rows that are committed stay, the rest is `unprocessed_rows`. A second time"
        " changes nothing.",
        parameters=[ORGANISATION, BATCH],
        request=None,
        responses={
            200: answer(answers.BatchSerializer, "The batch.", examples.CANCELLED),
            **refused(*ANYWHERE, 409, 415),
        },
    )
)
retry = extend_schema_view(
    post=extend_schema(
        operation_id="retry",
        tags=["import"],
        summary="Run an import that failed or was cancelled again",
        description="As a new import of the same file, which names the old one in `retry_of`. Rows"
        " that are there already count as skipped. Costs nothing of the quota.",
        parameters=[ORGANISATION, BATCH, *LOCATION],
        request=None,
        responses={
            202: answer(answers.BatchSerializer, "The new batch.", examples.RETRY),
            **refused(*ANYWHERE, 409, 415),
        },
    )
)
undo = extend_schema_view(
    post=extend_schema(
        operation_id="undo",
        tags=["import"],
        summary="Take an import back",
        description="Removes the users that the import created and nobody has touched since: no"
        " login, no accepted invitation, no edit, nothing that points at them. Possible until"
        " `undo_until`. Asked again it changes nothing, and says how far it is.",
        parameters=[
            ORGANISATION,
            BATCH,
            header("Retry-After", "Seconds until it is worth asking again.", [202]),
        ],
        request=None,
        responses={
            200: answer(answers.UndoneSerializer, "Done.", examples.UNDONE),
            202: answer(answers.UndoneSerializer, "Still at it.", examples.UNDOING),
            **refused(*ANYWHERE, 409, 415),
        },
    )
)
