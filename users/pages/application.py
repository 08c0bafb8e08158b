"""The document in which the page of an organisation runs, in the language of its reader."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, resolve_url
from django.templatetags.static import static
from django.utils.translation import (
    get_language_bidi,
    get_language_from_request,
    gettext,
    override,
)

from users.models import Organisation, User
from users.pages.base import OwnPage, may_open_admin

# `script/frontend build` writes it: the name of each file of the page, and what the file imports.
MANIFEST = Path(__file__).resolve().parent.parent / "static" / "app" / "manifest.json"


class ApplicationPage(OwnPage):
    """One document for all addresses of the page: its JavaScript reads which one was asked for.

    Platform staff have no organisation. They get a sentence, and a link to the admin site."""

    http_method_names = ["get", "head", "options"]
    template = "application.html"

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        """The document, or why there is none."""
        language = get_language_from_request(request)
        with override(language):
            response = self._answer(language)
        response["Content-Language"] = language
        return response

    def _answer(self, language: str) -> HttpResponse:
        context: dict[str, Any] = {
            "language": language,
            "direction": "rtl" if get_language_bidi() else "ltr",
            "offers_admin": may_open_admin(self.user),
        }
        organisation = self.user.organisation
        if organisation is None:
            sentence = gettext(
                "This page is for the members of an organisation. You belong to MarketEdge's staff."
            )
            return self.say(gettext("No organisation"), sentence, offers_account=True, **context)
        try:
            files = files_of_the_page(MANIFEST, MANIFEST.stat().st_mtime_ns)
        except FileNotFoundError:
            sentence = gettext(
                "The files of this page are missing on the server. Everything else works: the API,"
                " the imports that have started, and your account. Please tell your operator."
            )
            return self.say(
                gettext("The page can't be shown"), sentence, 503, offers_account=True, **context
            )
        get_token(self.request)  # sends the cookie, whose value every POST to the API repeats
        return self.show(
            files=files, page_data=page_data(self.user, organisation, language), **context
        )


class ImportPage(ApplicationPage):
    """The page of one import, to which the e-mail about its end links."""

    def get(self, request: HttpRequest, **_: Any) -> HttpResponse:
        """The document. Platform staff go on to the page of the admin site."""
        if self.user.organisation is None and may_open_admin(self.user):
            return redirect("admin:imports_importbatch_change", self.kwargs["object_id"])
        return super().get(request)


def page_data(user: User, organisation: Organisation, language: str) -> dict[str, Any]:
    """What the page knows from the start, without a request to the API."""
    return {
        "organization": {"id": str(organisation.id), "name": organisation.name},
        "user": {"email": user.email, "role": user.role, "manages_users": user.manages_users},
        "limits": {
            "max_file_bytes": settings.MAX_FILE_SIZE,
            "max_rows": settings.MAX_ROWS_PER_IMPORT,
        },
        "language": language,
        "languages": [code for code, _ in settings.LANGUAGES],
        "language_cookie": settings.LANGUAGE_COOKIE_NAME,  # holds the reader's choice
        "account_url": resolve_url("account"),
        "admin_url": resolve_url("admin:index") if may_open_admin(user) else None,
        "docs_url": resolve_url("docs"),
        "login_url": resolve_url("login"),
        "logout_url": resolve_url("logout"),
        "static_url": static("app/"),
    }


@lru_cache(maxsize=1)
def files_of_the_page(manifest: Path, changed_at_ns: int) -> dict[str, list[str]]:
    """URLs of the `scripts` that the document starts, of the `modules` that these import, and of
    all their `styles`. `changed_at_ns` only tells one manifest from the next."""
    chunks: dict[str, Any] = json.loads(manifest.read_bytes())
    waiting = [name for name, chunk in chunks.items() if chunk.get("isEntry")]
    entries, seen = list(waiting), list[str]()
    while waiting:
        name = waiting.pop(0)
        if name not in seen:
            seen.append(name)
            waiting += chunks[name].get("imports", ())
    styles = dict.fromkeys(file for name in seen for file in chunks[name].get("css", ()))
    return {
        "scripts": [_url(chunks[name]["file"]) for name in entries],
        "modules": [_url(chunks[name]["file"]) for name in seen if name not in entries],
        "styles": [_url(file) for file in styles],
    }


def _url(file: str) -> str:
    return static(f"app/{file}")
