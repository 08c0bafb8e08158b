"""The admin's page of the audit trail: platform staff read all of it, an organisation's
administrators what was done to their organisation. Nobody changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from core.client_ip import normalise_ip
from imports.admin.presentation import moment
from imports.models import AuditEvent, EventType, ImportBatch
from users.admin.base import OwnOrganisationAdmin, current_user, is_platform_staff
from users.models import Organisation, User

IDS = ("user_id", "batch_id", "upload_id", "subject_id", "organisation_id", "api_key_id")
STAFF = "MarketEdge's staff"


class _ByOrganisation(admin.SimpleListFilter):
    """For platform staff: the names of the organisations that there are events of."""

    title = parameter_name = "organisation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterator[tuple[str, str]]:
        """(id, name)"""
        if is_platform_staff(request):
            for organisation in Organisation.objects.all():
                yield str(organisation.id), organisation.name

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Its events."""
        chosen = _uuid(self.value() or "")
        return queryset.filter(organisation_id=chosen) if chosen else queryset


class _ByEventType(admin.SimpleListFilter):
    """In words."""

    title = "what was done"
    parameter_name = "deed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """(deed, words)"""
        return list(EventType.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The events of one deed."""
        return queryset.filter(event_type=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(OwnOrganisationAdmin):
    """Who did what, when, and from where."""

    organisation_lookup = "organisation_id"
    list_display = ("when", "what", "who", "organisation", "about", "source", "address")
    list_filter = (_ByEventType, "source", "created_at", _ByOrganisation)
    date_hierarchy = "created_at"
    search_fields = ("batch_id",)  # shows the field; get_search_results says what is searched
    search_help_text = "E-mail address of who did it, IP address, or the id of anything"
    fields = (*list_display, *IDS)
    readonly_fields = fields
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Events are written by what they tell of."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The database refuses it, too."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Retention deletes."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what the ids stand for today."""
        names = Organisation.objects.filter(id=OuterRef("organisation_id")).values("name")
        files = ImportBatch.objects.filter(id=OuterRef("batch_id")).values("filename")
        events: QuerySet[Any] = super().get_queryset(request)
        seen = {"organisation_name": Subquery(names), "filename": Subquery(files)}
        with_names: QuerySet[Any] = events.annotate(**seen, **_person_as_seen(request))
        return with_names

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By exactly what was typed; the table holds no text to search in."""
        term = search_term.strip()
        if found := _uuid(term):
            one_of = Q(*((name, found) for name in IDS), _connector=Q.OR)
            return queryset.filter(one_of), False
        if address := normalise_ip(term):
            return queryset.filter(client_ip=address, is_hidden=False), False
        return (queryset.filter(email=term.lower()) if term else queryset), False

    @admin.display(description="when", ordering="created_at")
    def when(self, event: AuditEvent) -> str:
        """To the second, as records are compared; breaks into two lines where there is no room."""
        return moment(event.created_at)

    @admin.display(description="what", ordering="event_type")
    def what(self, event: AuditEvent) -> str:
        """In words; a deed that this version does not know, as it stands."""
        return dict(EventType.choices).get(event.event_type, event.event_type)

    @admin.display(description="who")
    def who(self, event: Any) -> str:
        """The address that the user has today."""
        if event.user_id is None:
            return "an operator"
        return event.email or (STAFF if event.is_hidden else f"deleted: {event.user_id}")

    @admin.display(description="organisation", ordering="organisation_id")
    def organisation(self, event: Any) -> str:
        """Its name today."""
        return event.organisation_name or ""

    @admin.display(description="import")
    def about(self, event: Any) -> str:
        """The import's page; of one that is kept no longer, its id."""
        if not event.filename:
            return str(event.batch_id or "")
        address = reverse("admin:imports_importbatch_change", args=[event.batch_id])
        return format_html('<a href="{}">{}</a>', address, event.filename)

    @admin.display(description="from", ordering="client_ip")
    def address(self, event: Any) -> str:
        """The client's address."""
        return "" if event.is_hidden else event.client_ip or ""


def _person_as_seen(request: HttpRequest) -> dict[str, Any]:
    """`email`, and `is_hidden`: an administrator is told who their own organisation's people are
    and where these were, not who of the platform's staff it was."""
    who = User.objects.filter(id=OuterRef("user_id"))
    if is_platform_staff(request):
        return {"email": Subquery(who.values("email")), "is_hidden": Value(False)}
    own = who.filter(organisation=current_user(request).organisation)
    return {
        "email": Subquery(own.values("email")),
        "is_hidden": Exists(who) & ~Exists(own),
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
