"""Organisations, the users who belong to one, and their invitations."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from core.models import Table
from users.models import ApiKey as ApiKey  # a table of this app, in a file of its own
from users.models.organisations import Organisation
from users.roles import IMPORTERS, Role


class UserManager(BaseUserManager["User"]):
    """Makes users whose address is stored in its one form: NFKC, lower-case."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """The stored form of an address that a person typed."""
        return unicodedata.normalize("NFKC", email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> User:
        """The user with this address, in whatever case it was typed.

        Raises `User.DoesNotExist`."""
        return self.get(email=self.normalize_email(username))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Stores and gives a user; without `password` the account can't log in with one."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Stores and gives a member of the platform's own staff (`manage.py createsuperuser`)."""
        staff = {"role": Role.SUPER_ADMIN, "is_staff": True, "is_superuser": True}
        return self.create_user(email, password, **(staff | fields))


class User(Table, AbstractBaseUser):
    """A person who belongs to one organisation, or to the platform's own staff (none)."""

    email = models.CharField(max_length=254)
    first_name = models.CharField(max_length=100, db_default="")
    last_name = models.CharField(max_length=100, db_default="")
    role = models.CharField(
        max_length=20, choices=Role.choices, default=Role.VIEWER, db_default=Role.VIEWER
    )
    organisation = models.ForeignKey(
        Organisation, models.DO_NOTHING, null=True, blank=True, db_constraint=False
    )
    department = models.CharField(max_length=100, blank=True, default="", db_default="")
    location = models.CharField(max_length=100, blank=True, default="", db_default="")
    phone = models.CharField(max_length=20, blank=True, default="", db_default="")
    market_edge_access = models.BooleanField(default=False, db_default=False)
    causal_edge_access = models.BooleanField(default=False, db_default=False)
    value_edge_access = models.BooleanField(default=False, db_default=False)
    is_active = models.BooleanField(default=True, db_default=True)
    is_staff = models.BooleanField("may open this site", default=False, db_default=False)
    is_superuser = models.BooleanField(default=False, db_default=False)
    # "!" can't be the hash of any password: the account is there, and nobody can log in to it yet.
    password = models.CharField(max_length=128, default="!", db_default="!")
    last_login = models.DateTimeField(null=True, blank=True, editable=False)
    # The import that created this user, and whether its file asked for an invitation. A plain
    # column: `users` knows nothing of `imports`; the foreign key stands in imports/migrations.
    import_batch_id = models.UUIDField(null=True, blank=True, editable=False)
    invitation_requested = models.BooleanField(default=False, db_default=False, editable=False)
    wants_import_mail = models.BooleanField(
        "gets an e-mail when their import has ended", default=True, db_default=True
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["first_name", "last_name"]

    class Meta:
        db_table = "users"
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(fields=["email"], name="users_email_unique"),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="users_email_is_lower_case"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="users_role_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["import_batch_id"],
                condition=models.Q(import_batch_id__isnull=False),
                name="users_import_batch",
            )
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """First and last name, as a person writes them."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def may_import(self) -> bool:
        """Whether the role lets this user import users at all (into which: `may_import_into`)."""
        return self.is_active and self.role in IMPORTERS

    def belongs_to(self, organisation_id: object) -> bool:
        """Whether anything of this organisation may be shown to the user at all."""
        return self.role == Role.SUPER_ADMIN or str(self.organisation_id) == str(organisation_id)

    def may_import_into(self, organisation_id: object) -> bool:
        """Whether the user may bring users into this organisation."""
        return self.may_import and self.belongs_to(organisation_id)

    # The admin site asks these two. Rights follow from the role: there are no groups.
    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Platform staff may do everything; an administrator may look at and import users."""
        return self.is_active and (self.is_superuser or perm in ADMIN_PERMISSIONS[self.role])

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the admin site lists this app for the user."""
        return self.is_active and (
            self.is_superuser
            or any(perm.startswith(f"{app_label}.") for perm in ADMIN_PERMISSIONS[self.role])
        )


# What a role may do in the admin site, each on rows of the user's own organisation only.
_ADMINISTRATOR = frozenset(
    {
        "users.view_user",
        "users.add_user",
        "imports.view_importbatch",
        "imports.view_importerror",
        "imports.view_auditevent",
    }
)
ADMIN_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.SUPER_ADMIN: _ADMINISTRATOR,
    Role.ADMIN: _ADMINISTRATOR,
    Role.ANALYST: frozenset(),
    Role.VIEWER: frozenset(),
}
