"""Bulk import of users from CSV files and workbooks.

Doors (`admin`, `api`, `management`) call `actions`; Celery calls `tasks`. docs/architecture.md
shows which package may import which.
"""
