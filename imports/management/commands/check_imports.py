"""`manage.py check_imports [--json]`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from imports.engine.upkeep import daily_check
from imports.management.base import OperatorCommand


class Command(OperatorCommand):
    """Runs the checks, prints a table, and exits with the worst result."""

    help = (
        "The daily check of the service: database, migrations, Redis, heartbeats, halts, success "
        "rate, stuck imports, retention, quota violations, frequent errors, sizes of tables. "
        "Changes nothing. Exit status: 0 all is well, 1 warning, 2 critical."
    )
    requires_system_checks = ()  # they need the database

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the arguments."""
        parser.add_argument("--json", action="store_true", help="print JSON for a script")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the checks."""
        checks = daily_check.run()
        worst = max(check.level for check in checks)
        if options["json"]:
            found = {"level": worst.name.lower(), "checks": [c.as_json() for c in checks]}
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for check in checks:
                self.stdout.write(f"{check.level.name:8}  {check.name:16}  {check.message}")
        if worst:
            sys.exit(int(worst))
