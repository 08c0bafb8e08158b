"""Base classes of the views: who may call, which query parameters exist, what an upload costs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, cast
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.db.models import F, QuerySet
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.views import APIView

from core.errors import NotFound
from core.requests.client_ip import client_ip
from imports import actions, quotas, uploads
from imports.engine.options import refuse_unknown
from imports.models import ImportBatch, MetricCounter
from users.models import ApiKey, Organisation, User

METHODS = ["get", "head", "post"]  # Allow lists those of them that a view implements


def validated(serializer: Any) -> dict[str, Any]:
    """The values of a serializer. Raises ValidationError."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class OrganisationView(APIView):
    """A call below /organizations/{org_id}.

    Checks, in this order and before the call itself: 401, 404, 403, 503, a batch that does not
    exist, and unknown query parameters."""

    http_method_names = METHODS
    # Method -> names of the query parameters that it takes. A method that is not listed takes none.
    query_names: ClassVar[Mapping[str, Collection[str]]] = {}
    user: User
    organisation: Organisation
    requested_batch: ImportBatch  # where the URL has a batch_id

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses users who may not import into this organisation, and unknown parameters."""
        super().initial(request, *args, **kwargs)
        self.user = cast(User, request.user)  # IsAuthenticated refuses AnonymousUser
        structlog.contextvars.bind_contextvars(user_id=str(self.user.pk))
        if isinstance(request.auth, ApiKey) and request.auth.organisation_id != kwargs["org_id"]:
            raise NotFound("There is no such organisation.")
        self.load(**kwargs)
        self._check_query(request)

    def load(self, org_id: UUID, batch_id: UUID | None = None) -> None:
        """Reads the organisation and the batch of the URL. Raises what `actions.organisation_for`
        raises, and NotFound."""
        self.organisation = actions.organisation_for(self.user, org_id)
        if batch_id is not None:
            self.requested_batch = self.batch(batch_id)

    def _check_query(self, request: Request) -> None:
        """Raises UnknownOption. A method that the view does not have is left to its 405."""
        method = "GET" if request.method == "HEAD" else str(request.method)
        if request.query_params and hasattr(self, method.lower()):
            refuse_unknown(request.query_params, self.query_names.get(method, ()))

    def batches(self) -> QuerySet[ImportBatch]:
        """The organisation's batches, each with the warnings of its file as `file_warnings`."""
        return ImportBatch.objects.of(self.organisation.id).annotate(
            file_warnings=F("upload__warnings")
        )

    def batch(self, batch_id: UUID) -> ImportBatch:
        """A batch of the organisation. Raises NotFound, also for another organisation's."""
        batch = self.batches().filter(id=batch_id).first()
        if batch is None:
            raise NotFound("There is no such import.")
        return batch


class UploadView(OrganisationView):
    """A call that takes a file: limits its size and counts it against the user's quota."""

    limit_type: str
    charge: quotas.Charge | None = None
    http_request: HttpRequest

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Installs the size limit before anything can read the body."""
        self.http_request = request
        uploads.prepare(request)
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Also refuses a body whose Content-Length is too large."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            uploads.refuse_too_large(request)

    def refuse_after_refusals(self) -> None:
        """Raises `QuotaExceeded` where too many files of the user were refused. To be called before
        a file is read."""
        quotas.refuse_after_refusals(user=self.user, organisation_id=self.organisation.id)

    def handle_exception(self, exc: Exception) -> Any:
        """Also counts a file that is refused, and answers 429 where there were too many."""
        if hasattr(self, "organisation"):  # else the user may not import here
            try:
                exc = quotas.count_refusal(
                    exc,
                    user=self.user,
                    organisation_id=self.organisation.id,
                    ip=client_ip(self.request),
                )
            except DatabaseError as error:
                exc = error
        try:
            return super().handle_exception(exc)
        except Exception:  # an error of the service itself
            with suppress(DatabaseError):
                MetricCounter.objects.add("csv_upload_errors_total", error_type="internal_error")
            raise

    @contextmanager
    def charged(self) -> Iterator[None]:
        """Counts an upload, and takes the count back where the block raises (`quotas.charged`)."""
        with quotas.charged(
            user=self.user,
            organisation_id=self.organisation.id,
            limit_type=self.limit_type,
            ip=client_ip(self.request),
        ) as self.charge:
            yield

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds the headers about the quota to every answer to a POST, refusals included."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if request.method == "POST":
            for name, value in self._usage_headers().items():
                final.headers.setdefault(name, value)
        return final

    def _usage_headers(self) -> dict[str, str]:
        usage = self.charge.usage if self.charge else None
        with suppress(DatabaseError):  # then the answer already reports that failure
            usage = usage or self._usage()
        return usage.headers() if usage else {}

    def _usage(self) -> quotas.Usage | None:
        """The usage of the authenticated user, else of the session's. None without a user.

        Not `request.user`: where authentication has failed, that would try it again. DRF sets the
        user of Django's request, too."""
        user = self.http_request.user
        if not isinstance(user, User):
            return None
        organisation = getattr(self, "organisation", None)
        return quotas.usage(
            user=user,
            organisation_id=organisation.id if organisation else user.organisation_id,
            limit_type=self.limit_type,
        )
