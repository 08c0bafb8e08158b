"""`manage.py send_test_email ADDRESS`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from imports.management.base import OperatorCommand
from users.mail import trial


class Command(OperatorCommand):
    """Sends a test e-mail, and says what is wrong if it can't be sent."""

    help = (
        "Sends a test e-mail with the settings of this process, and says which settings to look at "
        "if the mail server does not accept it."
    )
    requires_system_checks = ()  # it needs no database

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the arguments."""
        parser.add_argument("address", help="the e-mail address to send it to")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sends it."""
        try:
            self.stdout.write(trial.send(options["address"]))
        except trial.NotSent as error:
            raise CommandError(str(error)) from None
