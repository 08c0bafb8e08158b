"""Users: who may log in, and what they may do."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Collate, Lower
from django.utils.crypto import salted_hmac

from core import emails
from core.models import Table
from users.models.organisations import Organisation
from users.rights import permissions
from users.rights.roles import Role
from users.rights.scoping import ScopedManager


def stored_email(text: str) -> str:
    """The form in which an e-mail address is stored. Raises ValidationError with the reason."""
    try:
        return emails.normalise(text)
    except emails.InvalidEmail as error:
        raise ValidationError(f"This is not an e-mail address: {error}.", "email") from None


def _lower(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


class UserManager(BaseUserManager["User"]):
    """Creates and finds users. E-mail addresses are stored in the form of `core.emails`."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """The stored form of an e-mail address, to look a user up by.

        Text that is no e-mail address only loses its white space and its upper case."""
        try:
            return emails.normalise(email or "")
        except emails.InvalidEmail:
            return _lower(email or "")

    def get_by_natural_key(self, username: str | None) -> User:
        """The user with this e-mail address, in any spelling. Raises `User.DoesNotExist`.

        Rows of before may hold another spelling than `normalize_email` gives, where another user
        has that one (`users.checks`). Each of the two is found by the own spelling."""
        spellings = [_lower(username or ""), self.normalize_email(username)]
        with_one = self.model._base_manager.filter(email__in=spellings)
        found = {user.email: user for user in with_one}
        for spelling in spellings:
            if spelling in found:
                return found[spelling]
        raise self.model.DoesNotExist

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Saves and returns a user. Without `password` the user can't log in yet.

        Raises ValidationError where `email` is no e-mail address."""
        user = self.model(email=stored_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Saves and returns a member of the platform staff (`manage.py createsuperuser`)."""
        staff = {"role": Role.SUPER_ADMIN, "is_staff": True, "is_superuser": True}
        return self.create_user(email, password, **(staff | fields))


class ScopedUserManager(ScopedManager["User"], UserManager):
    """`User.objects`: the same, and queries say of which organisation."""


class User(Table, AbstractBaseUser):
    """A member of one organisation, or of the platform staff, who have no organisation."""

    email = models.CharField(max_length=254)
    first_name = models.CharField(max_length=100, db_default="")
    last_name = models.CharField(max_length=100, db_default="")
    role = models.CharField(
        max_length=20, choices=Role.choices, default=Role.VIEWER, db_default=Role.VIEWER
    )
    organisation = models.ForeignKey(
        Organisation, models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False
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
    # "!" is the hash of no password, so nobody can log in to the account yet.
    password = models.CharField(max_length=128, default="!", db_default="!")
    last_login = models.DateTimeField(null=True, blank=True, editable=False)
    # Sessions and tokens of before have ended. The database sets it (migration 0015).
    logins_ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The import that created this user, and whether its file asked for an invitation. This app does
    # not know `imports`, so the column is plain. The foreign key is made in imports/migrations.
    import_batch_id = models.UUIDField(null=True, blank=True, editable=False)
    invitation_requested = models.BooleanField(default=False, db_default=False, editable=False)
    wants_import_mail = models.BooleanField(
        "gets an e-mail when their import has ended", default=True, db_default=True
    )

    unscoped = UserManager()
    objects = ScopedUserManager()

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
            models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(role=Role.SUPER_ADMIN),
                name="users_superuser_is_platform_staff",
                violation_error_message="Only platform staff can be superusers.",
            ),
            models.CheckConstraint(
                condition=~models.Q(role=Role.SUPER_ADMIN) | models.Q(organisation=None),
                name="users_platform_staff_have_no_organisation",
                violation_error_message="Platform staff belong to no organisation: leave it empty,"
                " or choose another role.",
            ),
        ]
        # An import pays for each index: those of the lists of `users.people` hold few different
        # values, so that PostgreSQL stores them as short lists (deduplication).
        indexes = [
            models.Index(
                fields=["import_batch_id"],
                condition=models.Q(import_batch_id__isnull=False),
                name="users_import_batch",
            ),
            models.Index(
                "organisation", Collate(Lower("last_name"), "C"), name="users_by_last_name"
            ),
            models.Index(
                "organisation", Collate(Lower("first_name"), "C"), name="users_by_first_name"
            ),
            models.Index(fields=["organisation", "created_at"], name="users_by_created_at"),
            models.Index(
                fields=["organisation", "department"],
                condition=~models.Q(department=""),
                name="users_by_department",
            ),
            models.Index(
                fields=["organisation"],
                condition=models.Q(role=Role.ADMIN),
                name="users_administrators",
            ),
            models.Index(
                fields=["organisation", "last_login"],
                condition=models.Q(last_login__isnull=False),
                name="users_by_last_login",
            ),
            models.Index(
                fields=["organisation"],
                condition=models.Q(is_active=False),
                name="users_inactive",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """Django's hook for `clean`: the stored form of the e-mail address."""
        return UserManager.normalize_email(username)

    def get_full_name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's hook for `get_session_auth_hash`, with which sessions and tokens are compared.

        It changes with the password, and when the user is deactivated."""
        ended = self.logins_ended_at.isoformat() if self.logins_ended_at else ""
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        return salted_hmac(
            salt, self.password + ended, secret=secret, algorithm="sha256"
        ).hexdigest()

    # What the user may do: `users.rights.permissions` answers. Django's admin site calls
    # `has_perm` and `has_module_perms`.
    @property
    def may_log_in(self) -> bool:
        """Whether the user may log in and stay logged in."""
        return permissions.may_log_in(self)

    @property
    def manages_users(self) -> bool:
        """Whether the user's role may manage users (`may_manage_users_of` says in which
        organisation)."""
        return permissions.manages_users(self)

    def belongs_to(self, organisation_id: object) -> bool:
        """Whether the user may see anything of this organisation. Platform staff see all."""
        return permissions.belongs_to(self, organisation_id)

    def may_manage_users_of(self, organisation_id: object) -> bool:
        """Whether the user may add users to this organisation and make API keys for it."""
        return permissions.access(self, organisation_id) is permissions.Access.ALLOWED

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether the user has a permission. Platform staff have all, others those of their
        role."""
        return permissions.has_permission(self, perm)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the user has any permission of this app, so that the admin site lists it."""
        if self.role == Role.SUPER_ADMIN:
            return self.may_log_in
        own = permissions.granted(self.role)
        return self.may_log_in and any(perm.startswith(f"{app_label}.") for perm in own)
