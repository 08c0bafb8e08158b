"""The table of the fields that a file may contain. What differs by field is written here, once.

The order of the table is the order of `validation.rows.UserRow`, of the template and of the COPY
statement. tests/imports/schema/test_field_table.py compares the table with everything that names
the fields again: the row tuple, the User model, the serializers, the admin and the sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imports.schema import header_names as names

Kind = Literal["email", "text", "role", "phone", "boolean"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of a user that a file may set.

    A header is recognised by three ranks of names: the field's own name, its aliases (two columns
    of this rank in one file are refused) and its fallbacks (each has a rank of its own, in this
    order, because a file may well hold both a work phone and a mobile phone).
    """

    name: str
    kind: Kind  # selects the rule in validation.rules
    label: str  # in sentences ("The first name is missing.") and, capitalised, on pages
    example: str  # the value in the template's example row; it must be valid
    column: str  # the column of the table `users`
    required: bool = False
    max_chars: int | None = None
    default: str = ""  # what an empty cell means, written as a file would write it
    aliases: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()


def _product_access(product: str, label: str, *, example: str) -> Field:
    name = f"{product}_edge_access"
    return Field(
        name=name,
        kind="boolean",
        label=f"access to {label}",
        example=example,
        column=name,
        default="false",
        aliases=names.access_aliases(f"{product}edge"),
    )


_TABLE = (
    Field(
        name="email",
        kind="email",
        label="e-mail address",
        example="jane.doe@example.com",
        column="email",
        required=True,
        max_chars=254,
        aliases=names.aliases("email"),
        fallbacks=names.fallbacks("email"),
    ),
    Field(
        name="first_name",
        kind="text",
        label="first name",
        example="Jane",
        column="first_name",
        required=True,
        max_chars=100,
        aliases=names.aliases("first_name"),
        fallbacks=names.fallbacks("first_name"),
    ),
    Field(
        name="last_name",
        kind="text",
        label="last name",
        example="Doe",
        column="last_name",
        required=True,
        max_chars=100,
        aliases=names.aliases("last_name"),
        fallbacks=names.fallbacks("last_name"),
    ),
    Field(
        name="role",
        kind="role",
        label="role",
        example="viewer",
        column="role",
        default="viewer",
        aliases=names.aliases("role"),
    ),
    Field(
        name="department",
        kind="text",
        label="department",
        example="Sales",
        column="department",
        max_chars=100,
        aliases=names.aliases("department"),
        fallbacks=names.fallbacks("department"),
    ),
    Field(
        name="location",
        kind="text",
        label="location",
        example="London",
        column="location",
        max_chars=100,
        aliases=names.aliases("location"),
        fallbacks=names.fallbacks("location"),
    ),
    Field(
        name="phone",
        kind="phone",
        label="phone number",
        example="+44 20 7946 0123",
        column="phone",
        max_chars=20,
        aliases=names.aliases("phone"),
        fallbacks=names.fallbacks("phone"),
    ),
    _product_access("market", "MarketEdge", example="true"),
    _product_access("causal", "CausalEdge", example="false"),
    _product_access("value", "ValueEdge", example="false"),
    Field(
        name="send_invitation",
        kind="boolean",
        label="choice to send an invitation",
        example="true",
        column="invitation_requested",
        default="true",
        aliases=names.aliases("send_invitation"),
    ),
)

FIELDS: dict[str, Field] = {field.name: field for field in _TABLE}
REQUIRED = tuple(field.name for field in _TABLE if field.required)

# A single column may contain the full name. It is split only if the mapping asks for it:
# {"full_name": header}.
FULL_NAME = "full_name"
NAME_FIELDS = ("first_name", "last_name")
