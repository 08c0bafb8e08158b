"""The app `core`: templates of the error pages, and no tables."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """What the other apps build on."""

    name = "core"
