"""The REST API: authentication, upload, preview, import, and what became of the rows.

`marketedge.urls` includes `urls`, and settings name classes here. Nothing else imports it.
"""
