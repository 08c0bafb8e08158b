"""The service as a whole: settings, URLs, logs, health and the start of each process.

Nothing imports it but `manage.py`, `celery_app.py`, `gunicorn.conf.py` and Django itself.
"""
