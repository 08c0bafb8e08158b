"""The app `core`: it has the templates of the error pages, and no tables."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """The base of the other apps."""

    name = "core"
