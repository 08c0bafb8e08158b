"""The table of the totals that Prometheus reads."""

from __future__ import annotations

import json

from django.db import connection, models


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
