"""The table of users and networks that may not upload."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now as StatementNow

from core.models import Table
from users.models import User

# The widest networks that may be blocked. A wider one is a typing error; to refuse everybody's
# uploads there is FEATURE_USER_MANAGEMENT.
WIDEST_PREFIX = {4: 8, 6: 19}


class NetworkField(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's `cidr` type: 192.0.2.0/24, 2001:db8::/32, or a single IP address."""

    description = "A network in CIDR notation"

    def db_type(self, connection: Any) -> str:
        """The type of the column."""
        return "cidr"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        """The network as text; psycopg gives a network object."""
        return None if value is None else str(value)

    def get_prep_value(self, value: Any) -> str | None:
        """The network as psycopg takes it."""
        return str(value) if value else None

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        """A text input, whose empty value is None."""
        return super().formfield(*args, **{"empty_value": None, **kwargs})

    def to_python(self, value: Any) -> str | None:
        """The network in its normal form. Raises ValidationError, which says how to write one."""
        if value in (None, ""):
            return None
        try:
            network = ipaddress.ip_network(str(value).strip(), strict=False)
        except ValueError:
            raise ValidationError(
                f"{value} is not a network. Write it like 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32."
            ) from None
        if network.prefixlen < WIDEST_PREFIX[network.version]:
            raise ValidationError(
                f"{network} is too wide to block: /{WIDEST_PREFIX[network.version]} is the widest. "
                "To stop everybody's uploads, set FEATURE_USER_MANAGEMENT=false."
            )
        return str(network)


@NetworkField.register_lookup
class Contains(models.Lookup):
    """`network__holds="192.0.2.7"`: the network contains the IP address."""

    lookup_name = "holds"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """PostgreSQL's operator `>>=`."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} >>= {right}::inet", (*left_params, *right_params)


class UploadBlockManager(models.Manager["UploadBlock"]):
    """The block list."""

    def covering(self, user_id: object, ip: str) -> UploadBlock | None:
        """The block that holds now for the user or the IP address ("" where it is unknown). Of
        several, the one that ends last."""
        target = Q(user_id=user_id)
        if ip:
            target |= Q(network__holds=ip)
        ended = Q(until__lte=StatementNow())
        return (
            self.filter(target).exclude(ended).order_by(F("until").desc(nulls_first=True)).first()
        )


class UploadBlock(Table):
    """A user, or a network, that may not upload: for good, or until a given time."""

    user = models.OneToOneField(
        User, models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+"
    )
    network = NetworkField(null=True, blank=True, unique=True)
    reason = models.TextField(help_text="For staff only: a blocked user never sees it.")
    until = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is lifted.")
    blocked_by = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        db_column="blocked_by",
        related_name="+",
    )

    objects = UploadBlockManager()

    class Meta:
        db_table = "upload_blocks"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, network__isnull=True)
                | Q(user__isnull=True, network__isnull=False),
                name="upload_blocks_one_target",
                violation_error_message="Name either a user or a network.",
            )
        ]

    def __str__(self) -> str:
        return f"Block of {self.network or f'user {self.user_id}'}"
