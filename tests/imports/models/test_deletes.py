"""What the database does when a row is deleted that others refer to."""

from __future__ import annotations

from tests.imports.models.helpers import SampleData


def test_deleting_a_batch_deletes_its_errors_and_file_but_not_its_users(data: SampleData) -> None:
    data.sql("DELETE FROM import_batches")
    for table in ("import_errors", "import_uploads", "import_upload_chunks"):
        assert data.count(table) == 0
    assert data.sql("SELECT import_batch_id FROM users WHERE id = %s", data.imported) == [(None,)]


def test_deleting_an_organisation_deletes_everything_of_it(data: SampleData) -> None:
    other = data.insert("organisations", name="Globex")
    data.sql("INSERT INTO users (email, organisation_id) VALUES ('x@globex.example', %s)", other)
    data.sql("INSERT INTO users (email) VALUES ('root@marketedge.example')")
    data.sql("DELETE FROM organisations WHERE id = %s", data.organisation)
    for table in ("import_batches", "import_errors", "import_uploads", "import_upload_chunks"):
        assert data.count(table) == 0
    assert data.sql("SELECT email FROM users ORDER BY email") == [
        ("root@marketedge.example",),
        ("x@globex.example",),
    ]


def test_deleting_an_uploader_keeps_their_batches_and_files(data: SampleData) -> None:
    data.sql("DELETE FROM users WHERE id = %s", data.admin)
    assert data.sql("SELECT uploaded_by FROM import_batches") == [(None,)]
    assert data.sql("SELECT staged_by FROM import_uploads") == [(None,)]


def test_deleting_a_user_revokes_the_invitation_to_them(data: SampleData) -> None:
    data.insert("user_invitations", user_id=data.imported, invited_by=data.admin)
    data.insert("user_invitations", user_id=data.admin, invited_by=data.imported)
    data.sql("DELETE FROM users WHERE id = %s", data.imported)
    kept = data.sql("SELECT user_id, invited_by, status FROM user_invitations ORDER BY status")
    assert kept == [(data.admin, None, "pending"), (None, data.admin, "revoked")]


def test_deleting_a_batch_keeps_its_retry(data: SampleData) -> None:
    again = data.insert_batch(retry_of=data.batch)
    data.sql("DELETE FROM import_batches WHERE id = %s", data.batch)
    assert data.sql("SELECT id, retry_of FROM import_batches") == [(again, None)]


def test_no_foreign_key_prevents_a_plain_delete(data: SampleData) -> None:
    """Rows of these tables can be deleted first, whatever tables are added later."""
    rows = data.sql(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
        " AND confdeltype IN ('a', 'r') AND confrelid::regclass::text IN"
        " ('organisations', 'users', 'import_batches', 'import_uploads')"
    )
    assert rows == []
