"""Halts all imports of all organisations, and lets them go on.

Workers look before each chunk. Imports and retries are refused meanwhile. Previews, cancelling and
undoing go on, so that an operator can look at the trouble and mend it.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from core.errors import NotAllowed
from imports import audit, tasks
from imports.engine.upkeep import recovery
from imports.models import EventType, ImportHalt
from users.models import User
from users.rights.roles import Role


def halt(reason: str, *, user: User | None) -> tuple[ImportHalt, bool]:
    """Halts all imports. Gives the halt that holds, and whether this call began it.

    `user`: a member of the platform's staff, or None for an operator at a terminal. Raises
    `NotAllowed`."""
    _refuse_others(user)
    while True:
        try:
            with transaction.atomic():
                halted = ImportHalt.objects.create(reason=reason, started_by=user)
                audit.record(EventType.HALTED, user=user)
                return halted, True
        except IntegrityError:
            if current := ImportHalt.objects.current():
                return current, False  # else it has ended in this moment


def resume(*, user: User | None) -> tuple[ImportHalt | None, int | None]:
    """Ends the halt, and enqueues the imports that wait. Gives the halt, or None if none held, and
    the number of imports; None without a broker: the sweep enqueues them once it is back.

    `user` as for `halt`."""
    _refuse_others(user)
    with transaction.atomic():
        halted = ImportHalt.objects.select_for_update().filter(ended_at=None).first()
        if halted is None:
            return None, 0
        ImportHalt.objects.filter(id=halted.id).update(ended_at=Now(), ended_by=user)
        audit.record(EventType.RESUMED, user=user)
    try:
        return halted, tasks.enqueue_all(recovery.sweep(at_once=True))
    except OperationalError:
        return halted, None


def _refuse_others(user: User | None) -> None:
    if user is not None and not (user.is_active and user.role == Role.SUPER_ADMIN):
        raise NotAllowed("Only the platform's staff may halt imports.")
