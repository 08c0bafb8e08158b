"""The form that changes a person. It asks `users.people.changes` before it saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as DjangoUserChangeForm

from core.errors import Refusal
from users.models import User, stored_email
from users.people import changes
from users.people.refusals import PersonChanged

if TYPE_CHECKING:  # Django's classes can't be subscripted at run time
    UserForm = forms.ModelForm[User]
    BaseAddForm = AdminUserCreationForm[User]
    BaseChangeForm = DjangoUserChangeForm[User]
else:
    UserForm = forms.ModelForm
    BaseAddForm = AdminUserCreationForm
    BaseChangeForm = DjangoUserChangeForm


class _NormalisedEmailForm(UserForm):
    def clean_email(self) -> str:
        """The e-mail address in its stored form, so that the check for duplicates finds it.

        An address that is not changed stays as it is, whatever was allowed when it was stored."""
        email: str = self.cleaned_data["email"]
        return email if email == self.instance.email else stored_email(email)


class UserChangeForm(_NormalisedEmailForm, BaseChangeForm):
    """Changes a person. The password is changed on a page of its own.

    The page sends the version of the person that it was made of, so that a form which was open for
    a while does not overwrite what somebody else has changed meanwhile."""

    version = forms.CharField(widget=forms.HiddenInput)
    by: User  # who changes the person; `UserAdmin.get_form` sets it

    class Meta:
        model = User
        fields = "__all__"
        labels = changes.APPLICATIONS
        field_classes: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = changes.version_of(self.instance)

    def clean(self) -> dict[str, Any]:
        """Refuses what the rules do not allow."""
        values = super().clean() or {}
        if self.errors:
            return values
        if values["version"] != self.initial["version"]:
            self.add_error(None, PersonChanged.default_detail())
        try:
            changes.check(self.instance, by=self.by, values=self.changed_values())
        except Refusal as refusal:
            self.add_error(None, refusal.detail)
        return values

    def changed_values(self) -> dict[str, Any]:
        """The new values, by the names of their fields."""
        names = {field.name for field in User._meta.fields} - {"password"}
        return {name: self.cleaned_data[name] for name in self.changed_data if name in names}


class UserAddForm(_NormalisedEmailForm, BaseAddForm):
    """Adds a user, with or without a password."""

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "role", "organisation")
        field_classes: dict[str, Any] = {}
