"""The admin site's pages of imports, and the import button on the page of users.

Importing this package registers the pages. Nothing else imports it.
"""

from imports.admin import audit, batches, overview, quotas, row_errors, user_import

__all__ = ["audit", "batches", "overview", "quotas", "row_errors", "user_import"]
