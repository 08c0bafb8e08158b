"""Corrects a fault of kombu's Redis transport.

A worker takes a limited number of messages at a time. If Redis hangs while the worker acknowledges
a message, kombu 5.7.0 (`transport/redis.py`, `QoS.ack`) counts that message as unacknowledged for
ever. The worker then takes no further message until it is restarted, although the connection works
again.

`QoS` is a private part of kombu. This is the only module that reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kombu.transport import redis, virtual


class QoS(redis.QoS):
    """Counts the messages that this worker has taken and not yet acknowledged."""

    def ack(self, delivery_tag: str) -> None:
        """Acknowledges a message."""
        with self._discounted(delivery_tag):
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Rejects a message."""
        with self._discounted(delivery_tag):
            super().reject(delivery_tag, requeue=requeue)

    @contextmanager
    def _discounted(self, delivery_tag: str) -> Iterator[None]:
        """Stops counting the message, even if Redis fails. If Redis did not get the
        acknowledgement, it delivers the message again after `visibility_timeout`, which does no
        harm: our tasks do their work once, however often they run."""
        try:
            yield
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


def apply() -> None:
    """Makes kombu use `QoS`, for `redis://` and all other names of the transport.

    Raises RuntimeError where this version of kombu has no such class any more."""
    channel, base = getattr(redis, "Channel", None), getattr(virtual, "QoS", None)
    if not hasattr(channel, "QoS") or not hasattr(base, "ack"):
        raise RuntimeError(
            "This version of kombu has no Channel.QoS. Look at "
            "marketedge/startup/celery_patch.py, and install the version that "
            "requirements.txt names."
        )
    redis.Channel.QoS = QoS
