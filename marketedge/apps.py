"""The app `marketedge`: prepares each process before the service is used."""

from django.apps import AppConfig

from marketedge.startup import start_up


class MarketEdgeConfig(AppConfig):
    """Runs the start-up of the process."""

    name = "marketedge"

    def ready(self) -> None:
        """Django calls this once, when all apps are loaded."""
        start_up()
