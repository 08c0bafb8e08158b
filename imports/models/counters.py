"""The tables of the totals that Prometheus reads."""

from __future__ import annotations

import json

from django.db import connection, models, transaction

# Upper bounds of the buckets of the histograms, in seconds. The trigger that counts ended batches
# has the same numbers (migration 0014, `count_ended_import`).
DURATION_BUCKETS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
PER_USER_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0)


class MetricCounterManager(models.Manager["MetricCounter"]):
    """Totals of all processes on all machines. They never go down."""

    ADD = """
        INSERT INTO metric_counters AS c (name, labels, value) VALUES (%s, %s, %s)
        ON CONFLICT (name, labels) DO UPDATE SET value = c.value + EXCLUDED.value
    """

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Adds `amount` to the total of a metric with these labels."""
        with connection.cursor() as cursor:
            cursor.execute(self.ADD, [name, json.dumps(labels), amount])


class MetricCounter(models.Model):
    """The total of one Prometheus counter. It stays when the rows that it counted are deleted."""

    name = models.CharField(max_length=100)
    labels = models.JSONField(default=dict, db_default={})
    value = models.BigIntegerField(default=0, db_default=0)

    objects = MetricCounterManager()

    class Meta:
        db_table = "metric_counters"
        constraints = [
            models.UniqueConstraint(fields=["name", "labels"], name="metric_counters_once")
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.labels or ''} {self.value}"


class MetricDeltaManager(models.Manager["MetricDelta"]):
    """Changes of totals. A total is its row in `metric_counters` plus its rows here."""

    _ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtextextended('metric_deltas', 0))"
    _FOLD = """
        WITH moved AS (DELETE FROM metric_deltas RETURNING name, labels, value)
        INSERT INTO metric_counters AS c (name, labels, value)
        SELECT name, labels, sum(value) FROM moved GROUP BY name, labels ORDER BY name, labels
        ON CONFLICT (name, labels) DO UPDATE SET value = c.value + EXCLUDED.value
    """

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Adds `amount` to a total in the transaction of the caller. It waits for no other
        transaction, and none waits for it."""
        self.create(name=name, labels=labels, value=amount)

    @transaction.atomic
    def fold(self) -> None:
        """Adds the changes to the totals and deletes them. Does nothing while another process does
        it. A scrape gives the same numbers before, during and after."""
        with connection.cursor() as cursor:
            cursor.execute(self._ONE_AT_A_TIME)
            if cursor.fetchone()[0]:
                cursor.execute(self._FOLD)


class MetricDelta(models.Model):
    """A change of a total, not yet added to it.

    The transaction that ends a batch inserts its changes (triggers of migration 0014). If it
    updated the totals, all workers would wait for each other, and for an operator who sets a status
    by SQL and has not committed yet. The sweep adds the changes to the totals."""

    name = models.CharField(max_length=100)
    labels = models.JSONField(default=dict, db_default={})
    value = models.BigIntegerField()

    objects = MetricDeltaManager()

    class Meta:
        db_table = "metric_deltas"

    def __str__(self) -> str:
        return f"{self.name}{self.labels or ''} {self.value:+}"
