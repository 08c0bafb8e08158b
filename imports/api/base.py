"""What the views of the import share: whose organisation, which batch, what an upload costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.db.models import F, QuerySet
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.views import APIView

from core.client_ip import client_ip
from core.errors import NotFound
from imports import actions, quotas, uploads
from imports.models import ImportBatch
from users.models import ApiKey, Organisation, User

METHODS = ["get", "head", "post"]  # all there are: Allow names those of them that a call has


class OrganisationView(APIView):
    """A call below /organizations/{org_id}/. 401, 404, 403 and 503 are decided here, in this order,
    before the call itself looks at anything."""

    http_method_names = METHODS
    user: User
    organisation: Organisation

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Lets in who may import users into this organisation."""
        super().initial(request, *args, **kwargs)
        self.user = cast(User, request.user)  # nobody else came past IsAuthenticated
        structlog.contextvars.bind_contextvars(user_id=str(self.user.pk))
        if isinstance(request.auth, ApiKey) and request.auth.organisation_id != kwargs["org_id"]:
            raise NotFound("There is no such organisation.")
        self.admit(**kwargs)

    def admit(self, org_id: UUID, **more: UUID) -> None:
        """Raises what `organisation_for` does."""
        self.organisation = actions.organisation_for(self.user, org_id)

    def batches(self) -> QuerySet[ImportBatch]:
        """This organisation's, with the warnings of their files, in one query."""
        return ImportBatch.objects.filter(organisation=self.organisation).annotate(
            file_warnings=F("upload__warnings")
        )

    def batch(self, batch_id: UUID) -> ImportBatch:
        """One of them. Raises NotFound, also where it is another organisation's."""
        batch = self.batches().filter(id=batch_id).first()
        if batch is None:
            raise NotFound("There is no such import.")
        return batch


class UploadView(OrganisationView):
    """A call that takes in a file: size, quota and what is given back of it."""

    limit_type: str
    charge: quotas.Charge | None = None

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Puts the size limit in place before anything can read the body."""
        uploads.prepare(request)
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses what is too large by its own account, once it is clear who asks."""
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            uploads.refuse_too_large(request)

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
        """Says what is left, whatever the answer is."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if request.method == "POST":
            for name, value in self._usage_headers(request).items():
                final.headers.setdefault(name, value)
        return final

    def _usage_headers(self, request: Request) -> dict[str, str]:
        # Found out before; what failed there must not be asked again. A session's is known anyway.
        user = getattr(request, "_user", None) or getattr(request._request, "user", None)
        if user is None or not user.is_authenticated:
            return {}
        usage = self.charge.usage if self.charge else None
        if usage is None:
            organisation = getattr(self, "organisation", None) or user.organisation_id
            with suppress(DatabaseError):  # the answer is about that failure already
                usage = quotas.usage(
                    user=user,
                    organisation_id=getattr(organisation, "id", organisation),
                    limit_type=self.limit_type,
                )
        return usage.headers() if usage else {}
