"""Imports a file as a web process does, in a process that a test can kill.

python -m tests.imports.engine.support.web_process FILE ORGANISATION USER
"""

from __future__ import annotations

import sys
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()

    from imports import actions
    from imports.engine.options import ImportOptions
    from users.models import User

    path, organisation_id, user_id = sys.argv[1:]
    user = User.objects.everywhere().get(id=user_id)
    with Path(path).open("rb") as file:
        upload = actions.stage_for_import(
            file, filename="users.csv", user=user, organisation_id=organisation_id
        )
    actions.submit(upload, user=user, options=ImportOptions())
