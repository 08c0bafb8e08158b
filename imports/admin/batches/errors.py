"""The row errors of an import: filtered by field and code, counted by code, in pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.http import QueryDict

from imports.admin.filters import WHOLE_ROW, field_label, words_of
from imports.admin.overview import charts
from imports.models import ImportBatch

ERRORS_PER_PAGE = 100
MOST_BARS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class RowErrors:
    """What the page of an import shows of its row errors."""

    total: int
    page: Page[Any]  # of those that the filters let through
    chart: charts.BarChart
    fields: list[tuple[str, str, int]]  # value in the URL, words, number of errors
    codes: list[tuple[str, str, int]]
    field: str  # the chosen ones; "" for all
    code: str
    query: str  # the chosen ones as a part of a URL

    @property
    def is_filtered(self) -> bool:
        """Whether a filter is chosen."""
        return bool(self.field or self.code)


def row_errors(batch: ImportBatch, chosen: QueryDict) -> RowErrors:
    """The row errors of a batch. chosen: the parameters of the URL; an unknown field or code is
    ignored."""
    fields: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for name, code, number in _counts(batch):
        fields[name or WHOLE_ROW] += number
        codes[code] += number
    field = chosen.get("field", "") if chosen.get("field") in fields else ""
    code = chosen.get("code", "") if chosen.get("code") in codes else ""
    found = batch.errors.order_by("row_number", "field_name", "error_code")
    if field:
        found = found.filter(field_name="" if field == WHOLE_ROW else field)
    if code:
        found = found.filter(error_code=code)
    page = Paginator(found, ERRORS_PER_PAGE).get_page(chosen.get("page"))
    shown: Any = page.object_list
    for error in shown:
        error.field_words = field_label(error.field_name)
        error.code_words = words_of(error.error_code)
    return RowErrors(
        total=codes.total(),
        page=page,
        chart=charts.bars(
            "Row errors by kind", [_bar(*one) for one in codes.most_common(MOST_BARS)]
        ),
        fields=[
            (name, field_label("" if name == WHOLE_ROW else name), number)
            for name, number in fields.most_common()
        ],
        codes=[(name, words_of(name), number) for name, number in codes.most_common()],
        field=field,
        code=code,
        query=urlencode({"field": field, "code": code}),
    )


def _counts(batch: ImportBatch) -> Any:
    return batch.errors.order_by().values_list("field_name", "error_code").annotate(Count("id"))


def _bar(code: str, number: int) -> charts.Part:
    url = f"?{urlencode({'code': code})}#errors"
    return charts.Part(kind="failed", label=words_of(code), number=number, url=url)
