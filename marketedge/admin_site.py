"""The admin site: its name, and which tables it leaves out."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig

# Groups, which nobody's rights come from here, and the keys of tokens that were handed out.
LEFT_OUT = frozenset({"auth", "token_blacklist"})


class Site(AdminSite):
    """MarketEdge's."""

    site_header = site_title = "MarketEdge"
    index_title = "Administration"
    site_url = None  # there is no other page to view

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """As Django does, except for what is left out."""
        is_one = isinstance(model_or_iterable, type)
        models: list[Any] = [model_or_iterable] if is_one else list(model_or_iterable)
        kept = [model for model in models if model._meta.app_label not in LEFT_OUT]
        super().register(kept, *args, **options)


class MarketEdgeAdmin(AdminConfig):
    """Takes the place of `django.contrib.admin` among the installed apps."""

    default_site = "marketedge.admin_site.Site"
