"""The view of an export: django-import-export's form and button, and an answer that is a stream.

The library would hold all rows and the whole file in memory.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.timezone import now
from import_export.admin import ExportMixin
from import_export.forms import SelectableFieldsExportForm

from core.errors import Refusal
from imports.admin.export import record
from imports.admin.export.formats import Csv, StreamedFormat, Xlsx
from imports.admin.export.pages import pages
from imports.admin.export.resources import RESOURCES, ListResource, columns_of
from imports.admin.export.running import Running
from imports.models import EventType


class TooManyRowsForFormat(Refusal):
    """The list has more rows than a file of this format can hold."""

    code = "too_many_rows_for_format"


class ExportForm(SelectableFieldsExportForm):  # type: ignore[misc]
    """Columns and format. CSV is chosen at first."""

    def __init__(self, formats: Any, resources: Any, **kwargs: Any) -> None:
        super().__init__(formats, resources, **kwargs)
        del self.fields["export_items"]  # of an action of the library, which no list here has
        choices = [choice for choice in self.fields["format"].choices if choice[0] != ""]
        self.fields["format"].choices = choices
        self.fields["format"].initial = "0"


class StreamedExport(ExportMixin):  # type: ignore[misc]
    """Adds the export to the pages of a model of `RESOURCES`.

    It gives what the list shows to this user: the rows of their organisation, with the filters and
    the search of the URL. The order is that of the resource."""

    export_formats = [Csv, Xlsx]
    export_form_class = ExportForm

    def get_export_resource_classes(self, request: HttpRequest) -> list[type[ListResource]]:
        """The resource of the model."""
        return [RESOURCES[self.model]]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whether the user may export: everybody who may view the list."""
        return bool(self.has_view_permission(request))

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """GET shows the form, POST gives the file. Raises PermissionDenied."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_export_queryset(request)
        except IncorrectLookupParameters:  # such as a date that is none
            messages.error(request, "A filter in the address of this page is wrong.")
            return redirect(f"admin:{'_'.join(self.get_model_info())}_changelist")
        resources = self.get_export_resource_classes(request)
        form = ExportForm(self.get_export_formats(), resources, data=request.POST or None)
        status = 200
        if form.is_valid():
            try:
                return self._file(request, rows, form)
            except Refusal as refusal:
                form.add_error("format", refusal.detail)
                status = refusal.status
        return self._form_page(request, form, status)

    def _form_page(self, request: HttpRequest, form: ExportForm, status: int) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = self.init_request_context_data(request, form)
        return TemplateResponse(request, [self.export_template_name], context, status=status)

    def _file(
        self, request: HttpRequest, rows: QuerySet[Any], form: ExportForm
    ) -> HttpResponseBase:
        """The answer. The export is in the audit trail before its first row leaves."""
        resource = RESOURCES[self.model]
        file_format: StreamedFormat = self.get_export_formats()[int(form.cleaned_data["format"])]()
        columns = columns_of(resource, form.get_selected_resource_export_fields())
        number = rows.order_by().count()
        _refuse_too_many(number, file_format)

        def record_as(event_type: EventType, number: int) -> None:
            facts = (self.opts.label_lower, file_format.extension, list(columns))
            record.record(request, event_type, record.details(*facts, request.GET.dict(), number))

        running = Running(lambda number: record_as(EventType.EXPORT_STOPPED, number))
        try:
            record_as(EventType.EXPORTED, number)
        except BaseException:
            running.close()
            raise
        read = pages(rows, [*columns.values()], resource.key, is_descending=resource.is_descending)
        running.send(file_format.stream(resource.title, [*columns], running.counted(read)))
        name = f"{resource.title}-{now():%Y-%m-%d}.{file_format.extension}"
        return StreamingHttpResponse(
            running,
            content_type=file_format.content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _refuse_too_many(number: int, file_format: StreamedFormat) -> None:
    limit = file_format.max_rows
    if limit is not None and number > limit:
        raise TooManyRowsForFormat(
            f"The list has {number:,} rows. A sheet of Excel holds {limit:,} below its header."
            " Narrow the list down with its filters, or choose CSV."
        )
