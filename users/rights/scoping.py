"""`objects` of tables that hold rows of organisations: a query says of which organisation.

    ImportBatch.objects.of(organisation_id).filter(status="pending")
    ImportBatch.objects.everywhere().filter(status="pending")  # of all organisations, on purpose

Any other query raises UnscopedQuery, so that nothing reads across organisations by mistake. A model
declares a plain manager first: Django's own code (forms, the admin site, relations such as
`batch.errors`) uses the first manager of a model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class UnscopedQuery(Exception):
    """A query does not say of which organisation."""


class ScopedManager(models.Manager[M]):
    """A manager whose queries begin with `of` or `everywhere`."""

    def __init__(self, lookup: str = "organisation") -> None:
        """`lookup`: the path from the model to the organisation, as in a filter."""
        super().__init__()
        self.lookup = lookup

    def of(self, organisation_id: object) -> models.QuerySet[M]:
        """The rows of one organisation. None of them for None."""
        if organisation_id is None:
            return self.everywhere().none()
        return self.everywhere().filter(**{self.lookup: organisation_id})

    def everywhere(self) -> models.QuerySet[M]:
        """The rows of all organisations."""
        return super().get_queryset()

    def get_queryset(self) -> models.QuerySet[M]:
        """Raises UnscopedQuery. All other methods of a manager call this."""
        name = self.model.__name__
        raise UnscopedQuery(
            f"Write {name}.objects.of(organisation_id), or for all organisations"
            f" {name}.objects.everywhere()."
        )

    def create(self, **fields: Any) -> M:
        """Saves a new row. Its fields name the organisation."""
        return self.everywhere().create(**fields)

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        """Saves new rows. Their fields name the organisation."""
        return self.everywhere().bulk_create(objs, *args, **options)
