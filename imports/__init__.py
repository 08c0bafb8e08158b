"""Bulk import of users from CSV files and workbooks.

The admin, the API and the management commands call `actions`; Celery calls `tasks`.
docs/architecture.md shows which package may import which.
"""
