# One image for web, worker, beat and manage.py. docs/deployment.md says how to use it.
#   docker build --tag marketedge .
#   docker build --tag marketedge --build-arg REQUIREMENTS=requirements/otel.txt .   # with traces
#   docker build --tag marketedge --build-arg REQUIREMENTS=requirements/anymail.txt .   # with providers of e-mail

FROM python:3.13.9-slim AS packages
ARG REQUIREMENTS=requirements.txt
WORKDIR /app
COPY requirements.txt ./
COPY requirements/otel.txt requirements/anymail.txt requirements/
RUN python -m venv /venv
RUN /venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r "$REQUIREMENTS"

FROM python:3.13.9-slim
ENV PATH="/venv/bin:$PATH" PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin marketedge
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py celery_app.py gunicorn.conf.py ./
COPY core core
COPY users users
COPY imports imports
COPY marketedge marketedge
# These values are needed to read the settings, and used for nothing. The real ones come at the start.
RUN DATABASE_URL=postgresql://build REDIS_URL=redis://build SECRET_KEY=only-while-the-image-is-being-built python manage.py collectstatic --no-input
RUN python -m compileall -q core users imports marketedge
# In case that the files of the checkout are for their owner only.
RUN chmod -R a+rX /app
USER marketedge
EXPOSE 8000
# Any answer shows that the process runs: 400 is that of a host that is not in ALLOWED_HOSTS.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import http.client, os, sys; to = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8000), timeout=2); to.request('GET', '/healthz'); sys.exit(to.getresponse().status >= 500)"]
CMD ["gunicorn", "marketedge.wsgi"]
