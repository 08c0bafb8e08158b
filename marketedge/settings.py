"""Settings, all from the environment. A missing or wrong value ends the start with its name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast

from csp.constants import NONE, SELF
from environs import Env, EnvValidationError, validate

from marketedge import logs
from users.mail import environment

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env(eager=False)

# --- required --------------------------------------------------------------------------------
_database = env.dj_db_url("DATABASE_URL")
REDIS_URL: str = env.str("REDIS_URL", validate=validate.Regexp(r"^(rediss?|unix)://"))
SECRET_KEY: str = env.str("SECRET_KEY", validate=validate.Length(min=32))

# --- optional --------------------------------------------------------------------------------
DEBUG: bool = env.bool("DEBUG", False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
HTTPS_ONLY: bool = env.bool("HTTPS_ONLY", False)  # render.yaml sets it

FEATURE_USER_MANAGEMENT: bool = env.bool("FEATURE_USER_MANAGEMENT", True)
FEATURE_ADMIN_PANEL: bool = env.bool("FEATURE_ADMIN_PANEL", True)
# Platform staff without a second factor get no further than the page that switches it on.
STAFF_TOTP_REQUIRED: bool = env.bool("STAFF_TOTP_REQUIRED", False)
RATE_LIMIT_ENABLED: bool = env.bool("RATE_LIMIT_ENABLED", True)
_quota = validate.Regexp(
    r"^[1-9]\d{0,5}/h, ?[1-9]\d{0,5}/d\Z",
    error="{input} is not a limit for an hour and one for a day, as in 10/h,50/d.",
)
UPLOAD_RATE_LIMITS: dict[str, str] = {
    "csv_import": env.str("UPLOAD_RATE_LIMIT_CSV_IMPORT", "10/h,50/d", validate=_quota),
    "file_upload": env.str("UPLOAD_RATE_LIMIT_FILE_UPLOAD", "30/h,100/d", validate=_quota),
    "refused_file": env.str("UPLOAD_RATE_LIMIT_REFUSED_FILE", "60/h,300/d", validate=_quota),
    "retry": env.str("UPLOAD_RATE_LIMIT_RETRY", "20/h,100/d", validate=_quota),
}
METRICS_TOKEN: str = env.str("METRICS_TOKEN", "")  # empty: /metrics answers 404
# The number of our own proxies that append to X-Forwarded-For. 0: the header is ignored.
TRUSTED_PROXY_HOPS: int = env.int("TRUSTED_PROXY_HOPS", 0, validate=validate.Range(min=0, max=9))

_positive = validate.Range(min=1)
_seconds = validate.Range(min=0.05)  # deadlines, such as those of marketedge/server
REQUEST_HEADER_SECONDS: float = env.float("REQUEST_HEADER_SECONDS", 10.0, validate=_seconds)
REQUEST_BODY_SECONDS: float = env.float("REQUEST_BODY_SECONDS", 30.0, validate=_seconds)
RESPONSE_SEND_SECONDS: float = env.float("RESPONSE_SEND_SECONDS", 30.0, validate=_seconds)
MAX_FILE_SIZE: int = env.int("MAX_FILE_SIZE", 10 * 1024 * 1024, validate=_positive)  # bytes
# What the staged files of one organisation may take: bytes of their rows as they are stored.
MAX_STAGED_BYTES: int = env.int("MAX_STAGED_BYTES", 500 * 1024 * 1024, validate=_positive)
# What reading one workbook may cost (imports/files/xlsx): it happens in a process of its own.
WORKBOOK_MEMORY_BYTES: int = env.int(
    "WORKBOOK_MEMORY_BYTES", 512 * 1024 * 1024, validate=validate.Range(min=128 * 1024 * 1024)
)
WORKBOOK_CPU_SECONDS: int = env.int("WORKBOOK_CPU_SECONDS", 8, validate=_positive)
WORKBOOK_SECONDS: float = env.float("WORKBOOK_SECONDS", 8.0, validate=validate.Range(min=0.1))
MAX_ROWS_PER_IMPORT: int = env.int("MAX_ROWS_PER_IMPORT", 5000, validate=_positive)
IMPORT_CHUNK_SIZE: int = env.int(
    "IMPORT_CHUNK_SIZE", 5000, validate=validate.Range(min=1, max=50_000)
)  # rows
IMPORT_RETENTION_DAYS: int = env.int("IMPORT_RETENTION_DAYS", 30, validate=_positive)
UPLOAD_KEPT_SECONDS: int = env.int("UPLOAD_KEPT_SECONDS", 3600, validate=_positive)
REVIEW_KEPT_DAYS: int = env.int("REVIEW_KEPT_DAYS", 7, validate=_positive)
# A worker puts a batch back into the queue after this time, so that others get their turn.
IMPORT_SLICE_SECONDS: float = env.float("IMPORT_SLICE_SECONDS", 2.0, validate=_seconds)
# A second worker does not claim a batch whose last heartbeat is younger than this.
IMPORT_TAKEOVER_SECONDS: float = env.float("IMPORT_TAKEOVER_SECONDS", 5.0)
IMPORT_STUCK_SECONDS: int = env.int("IMPORT_STUCK_SECONDS", 600, validate=_positive)
IMPORT_SWEEP_SECONDS: float = env.float("IMPORT_SWEEP_SECONDS", 30.0)
# PostgreSQL ends a transaction that is idle for this long. It then releases the locks of a process
# that hangs or lost its connection.
DATABASE_IDLE_SECONDS: int = env.int(
    "DATABASE_IDLE_SECONDS", 30, validate=validate.Range(min=1, max=600)
)
DATABASE_TRANSACTION_POOLING: bool = env.bool("DATABASE_TRANSACTION_POOLING", False)

# --- audit trail, e-mail (users/mail/environment.py), invitations -------------------------------
AUDIT_RETENTION_DAYS: int = env.int("AUDIT_RETENTION_DAYS", 365, validate=validate.Range(min=30))
_mail = environment.read(env)
EMAIL_BACKEND, EMAIL_TIMEOUT = _mail.backend, 5  # seconds, for each answer of the server
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_SSL = _mail.port == 465  # implicit TLS, instead of STARTTLS
EMAIL_USE_TLS = _mail.tls and not EMAIL_USE_SSL
EMAIL_FILE_PATH, EMAIL_PROVIDER = _mail.file_path, _mail.provider
ANYMAIL, ANYMAIL_WEBHOOK_SECRET = _mail.anymail, _mail.webhook_secret
DEFAULT_FROM_EMAIL, PUBLIC_URL = _mail.sender, _mail.public_url
INVITATION_RATE, INVITATION_DAYS = _mail.rate, _mail.days  # e-mails a minute; of a link
INVITATION_LANGUAGE = _mail.language

try:
    env.seal()
except EnvValidationError as error:
    _wrong = cast("dict[str, list[str]]", error.error_messages)  # one for each variable
    raise SystemExit(
        "MarketEdge can't start: the environment is not complete.\n"
        + "\n".join(f"  {name}: {' '.join(map(str, why))}" for name, why in _wrong.items())
        + "\ndocs/settings.md lists every variable; script/demo sets them all for a trial."
    ) from None

# --- Django -----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "marketedge.apps.MarketEdgeConfig",
    "core",
    "users",
    "imports",
    "marketedge.admin_site.MarketEdgeAdmin",  # in place of django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "import_export",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "marketedge.requests.RequestLog",
    "core.requests.response_headers.ResponseHeaders",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.requests.body_limit.BodyLimit",
    "core.requests.form_charset.FormCharset",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "marketedge.requests.BindUser",
    "users.pages.two_factor.RequireSecondFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "imports.audit.middleware.Origin",
]
ROOT_URLCONF = "marketedge.urls"
WSGI_APPLICATION = "marketedge.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["users.backends.LimitedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
PASSWORD_RESET_TIMEOUT = 3600  # seconds in which the link of an e-mail to a new password is valid
LOGIN_URL = "login"
OTP_TOTP_ISSUER = "MarketEdge"  # the name in the app that shows the codes
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # of e-mails and of the page

# The time-outs are not here: a pooler would drop them (marketedge/database_timeouts.py).
DATABASES = {
    "default": _database
    | {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": DATABASE_TRANSACTION_POOLING,
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # serves without `collectstatic`, which only a deployment runs
# Vite has hashed these names. A browser keeps the files for good.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/app/assets/.+-[\w-]{8}\.\w+$"

# --- HTTPS ------------------------------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # the platform asks over plain HTTP
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Nothing may be inline. JSON in a document is no script.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # Swagger UI, the QR code of the second factor
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Uploads ----------------------------------------------------------------------------------
# Django's limit is for form fields only. The size of a file is checked before it is read
# (imports/uploads.py) and while it is read (imports.files).
DATA_UPLOAD_MAX_NUMBER_FILES = 2
MAX_BODY_BYTES = 1024 * 1024  # of a request to any path but these (core/requests/body_limit.py)
UPLOAD_PATHS = r"/api/v1/organizations/[^/]+/users/import(/preview)?|/admin/users/user/import/"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# --- Celery: PostgreSQL holds the state of batches, messages only wake workers ------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True  # no result backend is needed
CELERY_TASK_ACKS_LATE = True  # a message survives the death of its worker
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # and is delivered again at once
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True  # the batch records failures
CELERY_TASK_TIME_LIMIT = 240  # seconds; shorter than visibility_timeout
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # a busy worker reserves no messages
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # ImportBatch.attempt
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # Redis may be away for minutes of maintenance
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 3
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,  # a broker that hangs must not block a web worker
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "global_keyprefix": "imports:",
}
# A message that no worker takes before the next one is sent expires, in seconds: while workers are
# stopped, no queue of equal messages grows.
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "imports.sweep",
        "schedule": IMPORT_SWEEP_SECONDS,
        "options": {"expires": IMPORT_SWEEP_SECONDS},
    },
    "purge": {
        "task": "imports.purge",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
}

# --- Logs: JSON lines without personal data (marketedge/logs.py) -------------------------------
LOGGING = logs.LOGGING

# --- `manage.py check --deploy` ------------------------------------------------------------------
# W009 asks for a SECRET_KEY of 50 characters. Render generates 44, which hold 256 random bits.
SILENCED_SYSTEM_CHECKS = ["security.W009"]


# --- Quotas: django-ratelimit with its own cache -----------------------------------------------
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "ratelimit": {
        "BACKEND": "core.ratelimit_cache.RatelimitCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "core.ratelimit_cache.plain_key",
        "OPTIONS": {
            # Seconds. Connecting, logging in and asking take at most 0.375 s, however Redis hangs.
            "socket_connect_timeout": 0.125,
            "socket_timeout": 0.125,
            "protocol": 2,  # saves a round trip when connecting
            "driver_info": None,
            "serializer": "core.ratelimit_cache.PlainIntegers",
        },
    },
}
RATELIMIT_USE_CACHE = "ratelimit"
RATELIMIT_CACHE_PREFIX = "upload_rate:"
RATELIMIT_HASH_ALGORITHM = "core.ratelimit_cache.ReadableKey"  # formats instead of hashing

# --- The API: JSON, tokens and keys, problem details, OpenAPI (imports/api) --------------------
REST_FRAMEWORK = {
    # The first one gives the challenge of a 401.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "imports.api.authentication.ApiKeyAuthentication",
        "imports.api.authentication.TokenAuthentication",
        "imports.api.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["core.requests.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "core.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MarketEdge user import",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,  # requests and answers have separate schemas
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "users.rights.roles.Role",
        "DefaultRoleEnum": "imports.api.people.representation.FILE_ROLES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "imports.api.openapi.parts.share_refusals",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
