"""Uploads of the same content share one set of chunks, and kinds of uploads that are counted.

An import that is run again has an upload of its own, but no chunks of its own. All uploads of one
content have the same `content_id`. The chunks belong to one of them, at first to the newest. Before
that one is deleted, a trigger gives the chunks to another one.

The column is null for all existing uploads, so the table is not rewritten. Code that does not know
the column imports the newest upload, which has the chunks. For an older one of the same content, it
does not find them.
"""

from django.db import migrations, models

TRIGGER = """
CREATE FUNCTION hand_over_upload_chunks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    heir uuid;
BEGIN
    -- Only the upload that has the chunks waits for others. Two that are deleted at the same time
    -- would otherwise wait for each other.
    IF NOT EXISTS (SELECT FROM import_upload_chunks WHERE upload_id = OLD.id) THEN
        RETURN OLD;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('content:' || OLD.content_id, 0));
    SELECT id INTO heir FROM import_uploads
        WHERE content_id = OLD.content_id AND id <> OLD.id
        ORDER BY created_at DESC, id LIMIT 1 FOR KEY SHARE;
    IF FOUND THEN
        UPDATE import_upload_chunks SET upload_id = heir WHERE upload_id = OLD.id;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER import_uploads_hand_over BEFORE DELETE ON import_uploads
    FOR EACH ROW WHEN (OLD.content_id IS NOT NULL) EXECUTE FUNCTION hand_over_upload_chunks();
"""
NO_TRIGGER = """
DROP TRIGGER import_uploads_hand_over ON import_uploads;
DROP FUNCTION hand_over_upload_chunks();
"""


class Migration(migrations.Migration):
    dependencies = [("imports", "0009_managers")]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '4s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="upload",
            name="content_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(
                fields=["content_id"],
                condition=models.Q(content_id__isnull=False),
                name="import_uploads_content",
            ),
        ),
        migrations.RunSQL(TRIGGER, NO_TRIGGER),
        migrations.AlterField(
            model_name="uploadlimit",
            name="limit_type",
            field=models.CharField(
                choices=[
                    ("csv_import", "imports"),
                    ("file_upload", "previews"),
                    ("refused_file", "uploads of faulty files"),
                    ("retry", "retries"),
                ],
                max_length=20,
            ),
        ),
    ]
