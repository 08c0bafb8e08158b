"""The forms of an import in the admin: a file and what to do with it, then the confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from imports import files
from imports.engine.options import ImportOptions, ReadingOptions
from imports.validation.rules import ROLES
from users.models import Organisation, User
from users.roles import Role

if TYPE_CHECKING:  # Django's own class can't be subscripted when the program runs
    OrganisationField = forms.ModelChoiceField[Organisation]
else:
    OrganisationField = forms.ModelChoiceField

FOUND_OUT = ("", "Found out")
ENCODINGS = (FOUND_OUT, *files.COMMON_ENCODINGS.items())
DELIMITERS = (FOUND_OUT, *files.delimiter_choices())
ROLE_CHOICES = [(role, Role(role).label) for role in reversed(ROLES)]


class OptionsForm(forms.Form):
    """Whose users they will be, and how rows are imported."""

    organisation = OrganisationField(
        queryset=Organisation.objects.none(),
        empty_label="Choose …",
        help_text="The users of the file will belong to it.",
    )
    default_role = forms.ChoiceField(
        choices=ROLE_CHOICES, initial="viewer", help_text="For rows without a role of their own."
    )
    send_invitations = forms.BooleanField(
        required=False,
        initial=True,
        label="Ask for invitations",
        help_text="For the users whose row does not say otherwise. This version notes the wish with"
        " each user; letters are not sent yet.",
    )
    skip_duplicates = forms.BooleanField(
        required=False,
        initial=True,
        label="Skip users who exist already",
        help_text="They stay as they are. If not ticked, their rows count as failed.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["organisation"]
        active = Organisation.objects.filter(is_active=True)
        field.queryset = active
        if user.role != Role.SUPER_ADMIN:
            field.queryset = active.filter(id__in=[user.organisation_id])
            field.empty_label = None

    @property
    def options(self) -> ImportOptions:
        """What was chosen."""
        chosen = self.cleaned_data
        return ImportOptions(
            send_invitations=chosen["send_invitations"],
            skip_duplicates=chosen["skip_duplicates"],
            default_role=chosen["default_role"],
        )

    @property
    def into(self) -> Organisation:
        """The organisation that was chosen: one that this person may choose."""
        found: Organisation = self.cleaned_data["organisation"]
        return found


class UploadForm(OptionsForm):
    """The first step."""

    import_file = forms.FileField(
        label="File",
        allow_empty_file=True,  # the reader says it better
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        error_messages={"required": "Choose a file."},
    )
    encoding = forms.ChoiceField(choices=ENCODINGS, required=False)
    delimiter = forms.ChoiceField(choices=DELIMITERS, required=False, label="Separator of columns")
    sheet = forms.CharField(
        required=False, max_length=255, help_text="Of a workbook; the first one if left empty."
    )
    mapping = forms.CharField(
        required=False,
        label="Columns",
        widget=forms.Textarea(attrs={"rows": 3, "cols": 40, "placeholder": "email = Work mail"}),
        help_text="Which column holds which field, one a line: field = header in the file.",
    )
    field_order = ("import_file", "organisation", "default_role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mebibytes = settings.MAX_FILE_SIZE / 1024 / 1024
        self.fields["import_file"].help_text = (
            f"A CSV file or an .xlsx workbook with a header row: at most {mebibytes:g} MiB and"
            f" {settings.MAX_ROWS_PER_IMPORT:,} rows."
        )

    def clean_mapping(self) -> dict[str, str]:
        """Field -> header. Raises ValidationError for a line that is neither empty nor a pair."""
        lines = [line for line in self.cleaned_data["mapping"].splitlines() if line.strip()]
        pairs = [line.partition("=") for line in lines]
        for line, (field, sign, _) in zip(lines, pairs, strict=True):
            if not (field.strip() and sign):
                raise forms.ValidationError(f"{line.strip()[:50]!r} is not: field = header.")
        return {field.strip(): header.strip() for field, _, header in pairs}

    @property
    def file(self) -> UploadedFile[Any]:
        """The file."""
        found: UploadedFile[Any] = self.cleaned_data["import_file"]
        return found

    @property
    def reading(self) -> ReadingOptions:
        """How the file is to be read."""
        chosen = self.cleaned_data
        return ReadingOptions(
            encoding=chosen["encoding"] or None,
            delimiter=chosen["delimiter"] or None,
            sheet=chosen["sheet"] or None,
            mapping=chosen["mapping"] or None,
        )


class ConfirmForm(OptionsForm):
    """The second step: the same choices, out of sight, and which file."""

    upload_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget = field.hidden_widget()

    @classmethod
    def after(cls, form: OptionsForm, upload_id: object, user: User) -> ConfirmForm:
        """The confirmation of what the first step said."""
        chosen = {name: form.cleaned_data[name] for name in OptionsForm.base_fields}
        return cls(initial=chosen | {"upload_id": upload_id}, user=user)
