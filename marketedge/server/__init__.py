"""The web server: a worker of gunicorn in which slow clients hold no thread.

`gunicorn.conf.py` names `worker.Worker`. Nothing else uses this package.
"""
