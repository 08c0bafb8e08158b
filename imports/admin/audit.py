"""The admin page of the audit trail. It is read-only.

Platform staff see all events. Administrators see the events of their own organisation.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.db.models import Case, Exists, F, Model, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from core.requests.client_ip import normalise_ip
from core.text import utc
from imports.admin.export.record import in_words
from imports.models import AuditEvent, EventType, ImportBatch
from users.admin.base import (
    HIDDEN_USER,
    OwnOrganisationAdmin,
    current_user,
    is_platform_staff,
)
from users.admin.lists import OrganisationFilter, titled
from users.models import Organisation, User

SOURCES = {
    "admin": "this site",
    "api": "the API",
    "page": "the pages for everybody",
    "command": "a command of an operator",
}
ID_FIELDS = ("user_id", "batch_id", "upload_id", "subject_id", "organisation_id", "api_key_id")


class _OrganisationFilter(OrganisationFilter):
    parameter_name = "organisation"  # bookmarked URLs use it


class _EventTypeFilter(admin.SimpleListFilter):
    """Filters by type of event."""

    title = "event"
    parameter_name = "deed"  # the name of the column; bookmarked URLs use it

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (event type, label) of every type."""
        return list(EventType.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the events of the chosen type, or all."""
        return queryset.filter(event_type=self.value()) if self.value() else queryset


class _SourceFilter(admin.SimpleListFilter):
    """Filters by where an event came from."""

    title = parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (source, words) of every source."""
        return list(SOURCES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the events of the chosen source, or all."""
        return queryset.filter(source=self.value()) if self.value() else queryset


class _MonthFilter(admin.SimpleListFilter):
    """Filters by month, back to the oldest events that are kept. Django's own would read the whole
    table to find the months that have events."""

    title = parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (month, its name), the newest first."""
        now = datetime.now(UTC)
        oldest = now - timedelta(days=settings.AUDIT_RETENTION_DAYS)
        months = 12 * (now.year - oldest.year) + now.month - oldest.month
        firsts = [_first_of_month(now, months_back) for months_back in range(months + 1)]
        return [(f"{first:%Y-%m}", f"{first:%B %Y}") for first in firsts]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the events of the chosen month, or all."""
        if self.value() not in dict(self.lookup_choices):
            return queryset
        first = datetime.strptime(f"{self.value()}-01", "%Y-%m-%d").replace(tzinfo=UTC)
        return queryset.filter(created_at__gte=first, created_at__lt=_first_of_month(first, -1))


def _first_of_month(moment: datetime, months_back: int) -> datetime:
    years, month = divmod(12 * moment.year + moment.month - 1 - months_back, 12)
    return datetime(years, month + 1, 1, tzinfo=UTC)


@admin.register(AuditEvent)
class AuditEventAdmin(OwnOrganisationAdmin):
    """The list of audit events and the page of each."""

    organisation_lookup = "organisation_id"
    extra_lookups = ("created_at__year", "created_at__month")  # of bookmarks of before
    list_display = ("when", "event", "user", "organisation", "batch", "source", "ip")
    list_filter = (
        _OrganisationFilter,
        ("created_at", titled("date", admin.DateFieldListFilter)),
        *(_MonthFilter, _SourceFilter, _EventTypeFilter),
    )
    search_fields = ("batch_id",)  # makes Django show the search box; see get_search_results
    search_help_text = "E-mail address of the user, IP address, or any id"
    fields = (*list_display, "changed", "exported", *ID_FIELDS)
    readonly_fields = fields
    list_per_page = 50

    class Media:
        css = {"all": ("imports/admin.css",)}

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The filters. That by organisation stays for administrators, whose bookmarks may have it:
        it does nothing for them."""
        return list(self.list_filter)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: only `imports.audit` writes events."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: the database refuses it as well."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: retention deletes old events."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Adds the current names of organisations, files and users to the events."""
        names = Organisation.objects.filter(id=OuterRef("organisation_id")).values("name")
        files = ImportBatch.objects.everywhere().filter(id=OuterRef("batch_id")).values("filename")
        events: QuerySet[Any] = super().get_queryset(request)
        names_of_ids = {"organisation_name": Subquery(names), "filename": Subquery(files)}
        with_names = events.annotate(**names_of_ids, **_visible_user(request))
        # The list is searched and sorted by what it shows: the order would tell hidden addresses.
        visible_ip = Case(When(is_hidden=False, then=F("client_ip")))
        with_ip: QuerySet[Any] = with_names.annotate(visible_ip=visible_ip)
        return with_ip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Finds events by an exact id, IP address or e-mail address."""
        term = search_term.strip()
        if id_ := _uuid(term):
            any_id = Q(*((name, id_) for name in ID_FIELDS), _connector=Q.OR)
            return queryset.filter(any_id), False
        if ip := normalise_ip(term):
            return queryset.filter(visible_ip=ip), False
        return (queryset.filter(email=term.lower()) if term else queryset), False

    @admin.display(description="when", ordering="created_at")
    def when(self, event: AuditEvent) -> str:
        """The time in UTC, with seconds."""
        return utc(event.created_at, seconds=True)

    @admin.display(description="event", ordering="event_type")
    def event(self, event: AuditEvent) -> str:
        """The label of the event type. An unknown type is shown as it is stored."""
        return dict(EventType.choices).get(event.event_type, event.event_type)

    @admin.display(description="user")
    def user(self, event: Any) -> str:
        """The current e-mail address of the user who did it. A refused login has no user."""
        if event.user_id is None:
            return "an operator" if event.source == "command" else "not logged in"
        return event.email or (HIDDEN_USER if event.is_hidden else f"deleted user {event.user_id}")

    @admin.display(description="changed fields")
    def changed(self, event: AuditEvent) -> str:
        """The names of the fields of a person that were changed."""
        return event.fields.replace(",", ", ")

    @admin.display(description="export")
    def exported(self, event: AuditEvent) -> str:
        """What was exported: list, format, rows, filters and columns."""
        return in_words(event.details)

    @admin.display(description="organisation", ordering="organisation_id")
    def organisation(self, event: Any) -> str:
        """The current name of the organisation."""
        return event.organisation_name or ""

    @admin.display(description="file")
    def batch(self, event: Any) -> str:
        """A link to the page of the import, or the id of an import that was deleted."""
        if not event.filename:
            return str(event.batch_id or "")
        url = reverse("admin:imports_importbatch_change", args=[event.batch_id])
        return format_html('<a href="{}">{}</a>', url, event.filename)

    @admin.display(description="IP address", ordering="visible_ip")
    def ip(self, event: Any) -> str:
        """The IP address of the client, unless the user is hidden."""
        return event.visible_ip or ""


def _visible_user(request: HttpRequest) -> dict[str, Any]:
    """The annotations `email` and `is_hidden` of an event's user.

    Administrators see the users of their own organisation. Other users, such as platform staff, are
    hidden: their e-mail and IP addresses are not shown."""
    users = User.objects.everywhere().filter(id=OuterRef("user_id"))
    if is_platform_staff(request):
        return {"email": Subquery(users.values("email")), "is_hidden": Value(False)}
    own = users.filter(organisation=current_user(request).organisation)
    return {
        "email": Subquery(own.values("email")),
        "is_hidden": Exists(users) & ~Exists(own),
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
