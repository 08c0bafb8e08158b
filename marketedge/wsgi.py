"""The WSGI application: `gunicorn marketedge.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketedge.settings")

application = get_wsgi_application()

from marketedge import database_timeouts  # noqa: E402 - Django is set up by now
from marketedge.health import known_migrations  # noqa: E402 - needs the apps

known_migrations()  # before the first request of /readyz, which has little time
database_timeouts.require()
