"""Exports of the admin's lists: users, imports and row errors, as CSV or Excel, row by row."""

from imports.admin.export.views import StreamedExport

__all__ = ["StreamedExport"]
