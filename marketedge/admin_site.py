"""The admin site: its name, and the tables that it does not show."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig

# Groups, which give no permissions here, and refresh tokens.
HIDDEN_APPS = frozenset({"auth", "token_blacklist"})


class Site(AdminSite):
    """The admin site of MarketEdge."""

    site_header = site_title = "MarketEdge"
    index_title = "Administration"
    site_url = None  # there is no other site to link to

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """Registers models, except those of the hidden apps."""
        is_one = isinstance(model_or_iterable, type)
        models: list[Any] = [model_or_iterable] if is_one else list(model_or_iterable)
        kept = [model for model in models if model._meta.app_label not in HIDDEN_APPS]
        super().register(kept, *args, **options)


class MarketEdgeAdmin(AdminConfig):
    """Replaces `django.contrib.admin` in INSTALLED_APPS."""

    default_site = "marketedge.admin_site.Site"
