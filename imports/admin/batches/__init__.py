"""The admin pages of imports: the list, the page of each import, and its actions."""

from imports.admin.batches.page import ImportBatchAdmin

__all__ = ["ImportBatchAdmin"]
