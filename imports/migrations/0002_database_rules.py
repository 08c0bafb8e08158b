"""What the database itself does: foreign keys with `ON DELETE`, and `updated_at`."""

from django.db import migrations

RULES = """
-- Deleting a batch takes its errors and its file with it; its users stay.
ALTER TABLE users ADD CONSTRAINT users_import_batch_fk
    FOREIGN KEY (import_batch_id) REFERENCES import_batches (id) ON DELETE SET NULL;
ALTER TABLE import_errors ADD CONSTRAINT import_errors_batch_fk
    FOREIGN KEY (import_batch_id) REFERENCES import_batches (id) ON DELETE CASCADE;
ALTER TABLE import_uploads ADD CONSTRAINT import_uploads_batch_fk
    FOREIGN KEY (import_batch_id) REFERENCES import_batches (id) ON DELETE CASCADE;
ALTER TABLE import_upload_chunks ADD CONSTRAINT import_upload_chunks_upload_fk
    FOREIGN KEY (upload_id) REFERENCES import_uploads (id) ON DELETE CASCADE;

ALTER TABLE import_batches ADD CONSTRAINT import_batches_organisation_fk
    FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE;
ALTER TABLE import_batches ADD CONSTRAINT import_batches_retry_of_fk
    FOREIGN KEY (retry_of) REFERENCES import_batches (id) ON DELETE SET NULL;
ALTER TABLE import_batches ADD CONSTRAINT import_batches_uploaded_by_fk
    FOREIGN KEY (uploaded_by) REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE import_uploads ADD CONSTRAINT import_uploads_organisation_fk
    FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE;
ALTER TABLE import_uploads ADD CONSTRAINT import_uploads_staged_by_fk
    FOREIGN KEY (staged_by) REFERENCES users (id) ON DELETE SET NULL;

-- Chunks are compressed by nobody and read whole: keep PostgreSQL from trying.
ALTER TABLE import_upload_chunks ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TRIGGER import_batches_touch BEFORE UPDATE ON import_batches
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER import_uploads_touch BEFORE UPDATE ON import_uploads
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
"""


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_initial"), ("users", "0002_database_rules")]

    operations = [migrations.RunSQL(RULES, migrations.RunSQL.noop)]
