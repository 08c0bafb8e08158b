"""kombu's Redis transport with one hole closed.

A worker takes no more messages than it may have in its hands at a time. Where Redis hangs just when
it says that it is done with one, kombu (5.7.0, transport/redis.py `QoS.ack`) counts that one as in
its hands for ever: the connection is fine again, and the worker, idle, waits until it is restarted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kombu.transport import redis, virtual


class QoS(redis.QoS):
    """Which messages this worker has in its hands."""

    def ack(self, delivery_tag: str) -> None:
        """It is done with one."""
        with self._out_of_hands(delivery_tag):
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """It will not do it."""
        with self._out_of_hands(delivery_tag):
            super().reject(delivery_tag, requeue=requeue)

    @contextmanager
    def _out_of_hands(self, delivery_tag: str) -> Iterator[None]:
        """Counts the message no longer, whatever Redis says. If Redis has not heard of it, the
        message comes again after `visibility_timeout`: what our tasks have done, they do once."""
        try:
            yield
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


def close_the_hole() -> None:
    """Has kombu use it, for `redis://` and all other names of the transport."""
    redis.Channel.QoS = QoS
