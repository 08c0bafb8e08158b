"""Counts the bytes that were staged before migration 0014 created the triggers that count them.

It is one statement after the triggers exist. Its snapshot sees each chunk together with what a
trigger has counted for it, so that it needs no lock.
"""

from django.db import migrations

# A second run adds nothing.
STAGED_BEFORE = """
INSERT INTO metric_deltas (name, labels, value)
SELECT 'csv_staged_bytes', '{}',
    (SELECT coalesce(sum(octet_length(content)), 0) FROM import_upload_chunks)
    - (SELECT coalesce(sum(value), 0) FROM metric_deltas WHERE name = 'csv_staged_bytes')
    - (SELECT coalesce(sum(value), 0) FROM metric_counters WHERE name = 'csv_staged_bytes')
"""


class Migration(migrations.Migration):
    dependencies = [("imports", "0014_metric_deltas")]

    operations = [migrations.RunSQL(STAGED_BEFORE, migrations.RunSQL.noop)]
