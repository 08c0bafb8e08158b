"""The forms of an import in the admin: one chooses a file and options, the other confirms them.

Their option fields have the names and defaults of `imports.engine.options`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from imports import files
from imports.engine.options import DEFAULT_ROLES, ImportOptions, ReadingOptions
from imports.errors import UnknownEncoding
from users.models import Organisation, User
from users.rights.roles import Role

if TYPE_CHECKING:  # Django's class can't be subscripted at run time
    OrganisationField = forms.ModelChoiceField[Organisation]
else:
    OrganisationField = forms.ModelChoiceField

DETECT = ("", "Detect automatically")
DEFAULTS = ImportOptions()


class OptionsForm(forms.Form):
    """The organisation, and the fields of `ImportOptions`."""

    organisation = OrganisationField(
        queryset=Organisation.objects.none(),
        empty_label="Choose …",
        help_text="The imported users will belong to it.",
    )
    default_role = forms.ChoiceField(
        choices=[(role, Role(role).label) for role in reversed(DEFAULT_ROLES)],
        initial=DEFAULTS.default_role,
        help_text="For rows without a role.",
    )
    send_invitations = forms.BooleanField(
        required=False,
        initial=DEFAULTS.send_invitations,
        label="Send invitations",
        help_text="Each new user gets an e-mail with a link to choose a password. Rows can say"
        " otherwise.",
    )
    skip_duplicates = forms.BooleanField(
        required=False,
        initial=DEFAULTS.skip_duplicates,
        label="Skip users who exist already",
        help_text="They are not changed. If this is not ticked, their rows count as failed.",
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
    def import_options(self) -> ImportOptions:
        """The chosen import options."""
        return ImportOptions.from_json(self.cleaned_data)

    @property
    def chosen_organisation(self) -> Organisation:
        """The chosen organisation. The form accepts only those that the user may import into."""
        organisation: Organisation = self.cleaned_data["organisation"]
        return organisation


class UploadForm(OptionsForm):
    """The first step: also the file, and the fields of `ReadingOptions`."""

    import_file = forms.FileField(
        label="File",
        allow_empty_file=True,  # the reader refuses it with a more helpful sentence
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        error_messages={"required": "Choose a file."},
    )
    encoding = forms.ChoiceField(choices=(DETECT, *files.COMMON_ENCODINGS.items()), required=False)
    delimiter = forms.ChoiceField(
        choices=(DETECT, *files.delimiter_choices()),
        required=False,
        help_text="The character between two columns.",
    )
    sheet = forms.CharField(
        required=False,
        max_length=255,
        help_text="The name of a sheet of the workbook. Leave empty to read the first sheet.",
    )
    header_row = forms.IntegerField(
        required=False,
        min_value=1,
        label="Header row",
        help_text="The number of the row that names the columns. Leave empty to detect it.",
    )
    skip_hidden_rows = forms.BooleanField(
        required=False,
        label="Skip hidden rows",
        help_text="Rows that are hidden in the workbook, for example by a filter.",
    )
    skip_suspended = forms.BooleanField(
        required=False,
        label="Skip suspended people",
        help_text="Rows whose status column says that the person is suspended or inactive.",
    )
    mapping = forms.CharField(
        required=False,
        label="Column mapping",
        widget=forms.Textarea(attrs={"rows": 3, "cols": 40, "placeholder": "email = Work mail"}),
        help_text="Only for columns that were not recognised. One line for each:"
        " field = column name.",
    )
    field_order = ("import_file", "organisation", "default_role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mebibytes = settings.MAX_FILE_SIZE / 1024 / 1024
        self.fields["import_file"].help_text = (
            f"A CSV file or an .xlsx workbook with a header row. At most {mebibytes:g} MiB and"
            f" {settings.MAX_ROWS_PER_IMPORT:,} rows."
        )

        self._offer_encoding(self.data.get("encoding") or self.initial.get("encoding") or "")

    def _offer_encoding(self, name: str) -> None:
        """Adds an encoding that was chosen from a preview to those that the form offers."""
        if name and name not in files.COMMON_ENCODINGS:
            field: Any = self.fields["encoding"]
            with suppress(UnknownEncoding):
                field.choices = [*field.choices, (name, files.named_encoding(name).name)]

    def clean_mapping(self) -> dict[str, str]:
        """Field -> header. Raises ValidationError where a line has another form."""
        lines = [line for line in self.cleaned_data["mapping"].splitlines() if line.strip()]
        pairs = [line.partition("=") for line in lines]
        for line, (field, sign, _) in zip(lines, pairs, strict=True):
            if not (field.strip() and sign):
                raise forms.ValidationError(
                    f"The line {line.strip()[:50]!r} is not of the form: field = header."
                )
        return {field.strip(): header.strip() for field, _, header in pairs}

    @property
    def file(self) -> UploadedFile[Any]:
        """The chosen file."""
        file: UploadedFile[Any] = self.cleaned_data["import_file"]
        return file

    @property
    def reading_options(self) -> ReadingOptions:
        """The chosen reading options. Empty fields are detected automatically."""
        chosen = {name: self.cleaned_data[name] or None for name in ReadingOptions.names()}
        return ReadingOptions.from_json(chosen)


class ConfirmForm(OptionsForm):
    """The second step: hidden fields with the choices of the first step, and the staged file."""

    upload_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget = field.hidden_widget()

    @classmethod
    def after(cls, form: OptionsForm, upload_id: object, user: User) -> ConfirmForm:
        """The form that confirms what was chosen in the first step."""
        chosen = {name: form.cleaned_data[name] for name in OptionsForm.base_fields}
        return cls(initial=chosen | {"upload_id": upload_id}, user=user)
