"""`manage.py make_demo_data [--migrate]`: the organisations and accounts of the demo."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from core.text import count_of
from imports.models import ImportBatch
from imports.models.statuses import LIVE
from imports.quotas import reset_limits
from users.models import Organisation, User
from users.rights.roles import Role

ORGANISATIONS = ("Acme", "Globex")
ACCOUNTS = (  # e-mail address, name, role, organisation
    ("root@marketedge.example", "Robin Root", Role.SUPER_ADMIN, None),
    ("admin@acme.example", "Ada Acme", Role.ADMIN, "Acme"),
    ("viewer@acme.example", "Viktor Acme", Role.VIEWER, "Acme"),
    ("admin@globex.example", "Gloria Globex", Role.ADMIN, "Globex"),
)


class Command(BaseCommand):
    """Creates the demo's accounts, and resets its two organisations."""

    help = (
        "Creates the organisations Acme and Globex and the demo's accounts (password from"
        " DEMO_PASSWORD), and resets both organisations: users that imports created are deleted,"
        " imports that have not ended are deleted, and upload limits are reset. For trials only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares `--migrate`, which saves a second start of Django."""
        parser.add_argument("--migrate", action="store_true", help="migrate the database first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Creates and resets; prints how many users it has deleted."""
        if options["migrate"]:
            call_command("migrate", interactive=False, verbosity=0)
        with transaction.atomic():
            organisations = {
                name: Organisation.objects.get_or_create(name=name)[0] for name in ORGANISATIONS
            }
            self._reset(list(organisations.values()))
            self._make_accounts(organisations)

    def _reset(self, organisations: list[Organisation]) -> None:
        """Deletes what imports created, so that all users of the sample file are new."""
        in_demo = {"organisation__in": organisations}
        ImportBatch.objects.everywhere().filter(status__in=LIVE, **in_demo).delete()
        deleted, _ = (
            User.objects.everywhere().filter(import_batch_id__isnull=False, **in_demo).delete()
        )
        if deleted:
            self.stdout.write(f"Deleted {count_of(deleted, 'user')} of earlier imports.")

    def _make_accounts(self, organisations: dict[str, Organisation]) -> None:
        """Creates or updates the accounts. They share a password, which is hashed only once."""
        password = os.environ.get("DEMO_PASSWORD") or "marketedge-demo"
        stored = (
            User.objects.everywhere()
            .filter(email=ACCOUNTS[0][0])
            .values_list("password", flat=True)
        )
        kept = next((hashed for hashed in stored if check_password(password, hashed)), None)
        hashed = kept or make_password(password)
        for email, name, role, organisation in ACCOUNTS:
            first_name, last_name = name.split()
            user, _ = User.objects.everywhere().update_or_create(
                email=email,
                defaults={
                    "first_name": first_name,
                    "last_name": last_name,
                    "role": role,
                    "organisation": organisations[organisation] if organisation else None,
                    "is_active": True,
                    "is_staff": role in (Role.SUPER_ADMIN, Role.ADMIN),
                    "is_superuser": role == Role.SUPER_ADMIN,
                    "password": hashed,
                },
            )
            reset_limits(str(user.id), "csv_import")
