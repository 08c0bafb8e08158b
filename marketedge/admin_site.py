"""The admin site: its name, and the tables that it does not show."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

# Groups, which give no permissions here, and the keys of second factors.
HIDDEN_APPS = frozenset({"auth", "otp_static", "otp_totp"})


class Site(AdminSite):
    """The admin site of MarketEdge."""

    site_header = site_title = "MarketEdge"
    index_title = "Administration"
    site_url = None  # nothing for platform staff: see each_context

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """Registers models, except those of the hidden apps."""
        is_one = isinstance(model_or_iterable, type)
        models: list[Any] = [model_or_iterable] if is_one else list(model_or_iterable)
        kept = [model for model in models if model._meta.app_label not in HIDDEN_APPS]
        super().register(kept, *args, **options)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page shows. Those of users who are logged in tell of a halt of imports, and
        those of an organisation's members link to its page."""
        from imports.models import ImportHalt  # here, as this module is loaded before the models

        context = super().each_context(request)
        if getattr(request.user, "organisation_id", None):
            context["site_url"] = reverse("application")
        if context["has_permission"]:
            context["import_halt"] = ImportHalt.objects.current()
        return context

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """The first page: the overview for platform staff, and a list of the pages for others."""
        # Here, as this module is loaded before the models.
        from imports.admin.overview import context_of
        from users.admin.base import is_platform_staff

        context = dict(extra_context or {})
        if is_platform_staff(request):
            context |= {"title": "Overview", "overview": context_of(request.GET.get("days", ""))}
        return super().index(request, context)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The login page of Django's admin site, with the checks of all logins: limits of wrong
        passwords, and the second factor."""
        # Here, as this module is loaded before the models.
        from users.admin.login import LoginForm
        from users.pages.logging_in import PasswordFirst

        index = reverse("admin:index", current_app=self.name)
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(index)
        context = {
            **self.each_context(request),
            "title": "Log in",
            "subtitle": None,
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            **(extra_context or {}),
        }
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = index
        request.current_app = self.name
        view = PasswordFirst.as_view(
            extra_context=context, authentication_form=LoginForm, template_name="admin/login.html"
        )
        return cast(HttpResponse, view(request))


class MarketEdgeAdmin(AdminConfig):
    """Replaces `django.contrib.admin` in INSTALLED_APPS."""

    default_site = "marketedge.admin_site.Site"
