"""Logs: one JSON object a line, without personal data. On a terminal, plain text.

A line holds only the keys in `ALLOWED`. Any other key is dropped, so that no code can log an e-mail
address, a name or a row by mistake. Messages of other libraries are logged without their values.
An exception is logged as its class and its location: its message and variables may contain a row.

Web, worker and beat write to stdout. `manage.py` writes to stderr, because stdout belongs to the
command, and on a terminal only warnings and errors.
"""

from __future__ import annotations

import logging
import logging.config
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

import structlog
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor, WrappedLogger

# In the order of the keys in a line.
ALLOWED = (
    *("timestamp", "level", "event", "logger"),
    # which object
    *("batch_id", "organization_id", "user_id", "upload_id", "request_id", "task_id"),
    "invitation_id",
    # what happened
    *("status", "reason", "source", "code", "error_type", "limit_type", "limit", "fault", "task"),
    *("rows", "seconds", "succeeded", "skipped", "failed", "removed", "count", "attempt"),
    *("method", "route", "duration_ms", "retry_after_seconds"),
    # errors
    *("exception", "location"),
)
TEXT_CHARS = 300
FRAMES = 6
_ROOT = Path(__file__).resolve().parent.parent
ID = re.compile(r"[0-9A-Fa-f-]{1,64}")
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;]+")
_QUOTED = re.compile(r"""["'(<\[{=].*""", re.DOTALL)
_HIDDEN = "…"
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


# --- the values of a line ---------------------------------------------------------------------


def describe_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replaces `exc_info` by `exception`, the classes of the error and its causes, and `location`,
    the last calls."""
    error = _error_of(event.pop("exc_info", None))
    if error is not None:
        chain = list(_with_causes(error))
        event["exception"] = " from ".join(type(one).__qualname__ for one in chain)
        event["location"] = " < ".join(_frames(chain))
    return event


def _error_of(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    found = (
        exc_info if isinstance(exc_info, tuple) else sys.exc_info() if exc_info else (None, None)
    )
    error: BaseException | None = found[1]
    return error


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _frames(chain: Sequence[BaseException]) -> list[str]:
    """The place of the first error, then the functions of this project that led there, innermost
    first."""
    calls = [call for one in chain for call in traceback.extract_tb(one.__traceback__)]
    calls.reverse()
    ours = [call for call in calls[1:] if _is_ours(Path(call.filename))]
    named = [f"{_short(call.filename)}:{call.lineno} {call.name}" for call in calls[:1] + ours]
    return list(dict.fromkeys(named))[:FRAMES]


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(_ROOT) and "site-packages" not in path.parts


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(_ROOT)) if _is_ours(path) else "/".join(path.parts[-3:])


def allow_only_known(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drops every key that is not in `ALLOWED`, and removes e-mail addresses from values."""
    known = {key: _cleaned(key, event.get(key)) for key in ALLOWED}
    return {key: value for key, value in known.items() if value is not None}


def _cleaned(key: str, value: Any) -> Any:
    if key.endswith("_id"):
        return str(value) if ID.fullmatch(str(value)) else None
    if value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str | UUID):
        return _HIDDEN
    line = " ".join(_ADDRESS.sub(_HIDDEN, str(value)).split())
    return line[:TEXT_CHARS]


# --- lines of libraries -----------------------------------------------------------------------


def without_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Fills the message of a library with its numbers only."""
    record: logging.LogRecord = event["_record"]
    text = record.msg if isinstance(record.msg, str) else type(record.msg).__qualname__
    arguments = event.pop("positional_args", None) or ()
    if isinstance(arguments, Mapping) and record.name.startswith("celery."):
        event.update(task=arguments.get("name"), task_id=arguments.get("id"))
    said = _filled(text, arguments) if arguments else _QUOTED.sub(_HIDDEN, text)
    event["event"] = said if any(map(str.isalpha, said)) else record.name
    return event


def _filled(text: str, arguments: Mapping[str, Any] | tuple[Any, ...]) -> str:
    try:
        if isinstance(arguments, Mapping):
            return text % {name: _number(value) for name, value in arguments.items()}
        return text % tuple(map(_number, arguments))
    except (TypeError, ValueError, KeyError):
        return text


def _number(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) else _HIDDEN


# --- configuration ----------------------------------------------------------------------------

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_OF_COMMANDS = Path(sys.argv[0]).name == "manage.py"
_AT_TERMINAL = (sys.stderr if _OF_COMMANDS else sys.stdout).isatty()

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": ProcessorFormatter,
            "foreign_pre_chain": [*_SHARED, without_values],
            "processors": [
                describe_exception,
                allow_only_known,  # last, so that it also drops keys that structlog adds
                structlog.dev.ConsoleRenderer(sort_keys=False)
                if _AT_TERMINAL
                else structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            "use_get_message": False,
            "pass_foreign_args": True,
        }
    },
    "handlers": {
        "json": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stderr" if _OF_COMMANDS else "ext://sys.stdout",
        }
    },
    "root": {"level": "WARNING" if _OF_COMMANDS and _AT_TERMINAL else "INFO", "handlers": ["json"]},
    "loggers": {
        # Without their own handlers, which would write a second, plain line.
        "django": {"level": "INFO", "handlers": [], "propagate": True},
        "django.server": {"level": "INFO", "handlers": [], "propagate": True},
        # A 4xx needs no line of its own: that of the request (marketedge.requests) has the status.
        "django.request": {"level": "ERROR", "handlers": [], "propagate": True},
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        # Contains whole paths, and with them the search terms of the admin.
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)


def configure(**_: Any) -> None:
    """Configures logging for processes that Django does not configure: gunicorn, worker and beat.
    An exception that ends a process or a thread is logged too, instead of printed with its
    values."""
    logging.raiseExceptions = False  # a wrong log call must not print its arguments
    logging.captureWarnings(True)
    logging.config.dictConfig(LOGGING)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, Exception):
        structlog.get_logger(__name__).error("uncaught", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        _log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)


# With a receiver of this signal, Celery does not configure logging itself.
setup_logging.connect(configure)


@before_task_publish.connect
def _send_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Adds the id of the request that this process handles to the headers of a message. A task
    passes it on to the tasks that it enqueues."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id and headers is not None:
        headers["request_id"] = request_id


@task_prerun.connect
def _bind_task(task_id: str = "", task: Any = None, args: Any = (), **_: Any) -> None:
    """Adds the ids of the task, of the request that caused it, and of the batch that the message
    names to all lines of the task."""
    known = {"task_id": task_id, "request_id": task.request.get("request_id")}
    if args and ID.fullmatch(str(args[0])):
        known["batch_id"] = str(args[0])
    structlog.contextvars.bind_contextvars(**{k: v for k, v in known.items() if v})


@task_postrun.connect
def _unbind_task(**_: Any) -> None:
    structlog.contextvars.clear_contextvars()
