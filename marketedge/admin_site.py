"""The admin site: its name, and the tables that it does not show."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse

# Groups, which give no permissions here.
HIDDEN_APPS = frozenset({"auth"})


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

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page shows. Those of users who are logged in tell of a halt of imports."""
        from imports.models import ImportHalt  # here, as this module is loaded before the models

        context = super().each_context(request)
        if context["has_permission"]:
            context["import_halt"] = ImportHalt.objects.current()
        return context

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The login page. 429 with Retry-After where there were too many wrong passwords."""
        from users.admin.login import LoginForm  # here, as this module is loaded before the models

        self.login_form = LoginForm
        response = super().login(request, extra_context)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if refusal := getattr(form, "refusal", None):
            response.status_code = refusal.status
            for name, value in refusal.headers().items():
                response[name] = value
        return response


class MarketEdgeAdmin(AdminConfig):
    """Replaces `django.contrib.admin` in INSTALLED_APPS."""

    default_site = "marketedge.admin_site.Site"
