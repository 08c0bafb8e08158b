"""The form of a user, with the rules that hold for the values of a file."""

from __future__ import annotations

from typing import Any

from imports.schema.fields import FIELDS
from imports.validation.problems import Problem
from imports.validation.rules import rules_of_row
from users.admin.people_form import UserChangeForm
from users.rights.roles import Role

_RULES = {
    name: rule
    for (name, field), rule in zip(FIELDS.items(), rules_of_row(Role.VIEWER), strict=True)
    if field.kind in ("text", "phone")
}


class CheckedUserForm(UserChangeForm):
    """Changes a user, to values that a file could have as well. What is not changed stays."""

    def clean(self) -> dict[str, Any]:
        """Refuses values that a row of a file could not have."""
        values = super().clean()
        for name in set(self.changed_data) & set(_RULES) & set(values):
            outcome = _RULES[name](values[name])
            if isinstance(outcome, Problem):
                self.add_error(name, outcome.message)
        return values
