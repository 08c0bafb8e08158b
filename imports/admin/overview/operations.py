"""The lists behind figures of the overview: processes that give heartbeats, and halts of imports.
They are for platform staff, and read-only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import F, Model, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from core.text import utc
from imports.models import Heartbeat, ImportHalt
from users.admin.base import ModelAdmin

ALIVE = timedelta(seconds=60)  # a worker gives a heartbeat every 15 seconds
PROCESSES = {
    "worker": "Workers",
    "beat": "Beat, which starts the tasks below",
    "sweep": "Sweep, which finds stuck imports",
    "purge": "Purge, which deletes old imports",
}


class _OnlyShown(ModelAdmin):
    """A list that can be looked at only."""

    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: the service writes these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: the service writes these rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: the service deletes these rows."""
        return False


class _ProcessFilter(admin.SimpleListFilter):
    title = parameter_name = "process"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (kind, words) of every kind of process."""
        return list(PROCESSES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the processes of the chosen kind, or all."""
        kind = self.value()
        return queryset.filter(name__startswith=f"{kind}:") if kind in PROCESSES else queryset


@admin.register(Heartbeat)
class HeartbeatAdmin(_OnlyShown):
    """When each process of the service lived last."""

    list_display = ("process", "machine", "last_seen", "is_alive")
    list_display_links = None
    list_filter = (_ProcessFilter,)
    ordering = ("-at", "name")
    fields = ("process", "machine", "last_seen", "is_alive")
    readonly_fields = fields

    class Media:
        css = {"all": ("imports/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Adds the age of the heartbeat, by the clock of the database."""
        heartbeats: QuerySet[Any] = super().get_queryset(request).annotate(age=Now() - F("at"))
        return heartbeats

    @admin.display(description="process", ordering="name")
    def process(self, heartbeat: Heartbeat) -> str:
        """Its kind."""
        return heartbeat.name.partition(":")[0]

    @admin.display(description="machine")
    def machine(self, heartbeat: Heartbeat) -> str:
        """Its host; empty for tasks, which run on any."""
        return heartbeat.name.partition(":")[2]

    @admin.display(description="last seen", ordering="at")
    def last_seen(self, heartbeat: Heartbeat) -> str:
        """The time in UTC."""
        return utc(heartbeat.at, seconds=True)

    @admin.display(description="alive", boolean=True)
    def is_alive(self, heartbeat: Any) -> bool | None:
        """Whether it gave a heartbeat in the last minute. Tasks run less often."""
        is_process = heartbeat.name.startswith(("worker:", "beat:"))
        return bool(heartbeat.age <= ALIVE) if is_process else None


@admin.register(ImportHalt)
class ImportHaltAdmin(_OnlyShown):
    """The times in which all imports were halted. `manage.py halt_imports` begins one."""

    list_display = ("started_at", "ended_at", "reason", "started_by", "ended_by")
    list_select_related = ("started_by", "ended_by")
