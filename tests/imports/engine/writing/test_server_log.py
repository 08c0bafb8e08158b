"""PostgreSQL's log holds nothing of the rows of a file, whatever the database refuses."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection

from imports.engine import runner
from tests.imports.engine.support.samples import Sample, mixed, plain
from tests.imports.engine.support.servers import OwnPostgres
from tests.imports.engine.support.stack import Stack

SLOWLY = (
    "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN PERFORM pg_sleep(0.0005); RETURN NEW; END $$;"
    " CREATE TRIGGER slowly BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION slowly()"
)


def failed_rows(stack: Stack, sample: Sample) -> int:
    """Imports a sample in this process; gives the number of rows that the database refused."""
    batch_id = stack.submit(sample, stack.new_tenant())
    runner.run(batch_id, lambda: False)
    stack.check_invariants(batch_id)
    return int(
        stack.value(
            "SELECT count(*) FROM import_errors WHERE import_batch_id = %s"
            " AND error_code = 'refused_by_database'",
            batch_id,
        )
    )


def race(stack: Stack) -> list[UUID]:
    """Imports the same addresses into two organisations at once, with two workers."""
    up = plain(1000, "race")
    tenants = [stack.new_tenant(), stack.new_tenant()]
    samples = [up, Sample(rows=up.rows[::-1])]
    stack.sql(SLOWLY)  # so that the imports overlap
    stack.worker(2)
    ids = [
        stack.submit(sample, tenant, chunk_size=500)
        for sample, tenant in zip(samples, tenants, strict=True)
    ]
    stack.wait_until_ended(*ids)
    return ids


@pytest.mark.parametrize("verbosity", ["default", pytest.param("terse", marks=pytest.mark.slow)])
def test_the_log_of_postgresql_holds_no_row(
    stack_with_own_postgres: Stack, own_postgres: OwnPostgres, verbosity: str
) -> None:
    stack = stack_with_own_postgres
    with own_postgres.superuser() as superuser:
        superuser.execute(f"ALTER ROLE marketedge SET log_error_verbosity = '{verbosity}'")
    connection.close()
    assert failed_rows(stack, mixed(400, "known")) == 0  # has rows of users that exist already
    stack.sql("ALTER TABLE users ADD CHECK (email NOT LIKE 'person%7@checked.example')")
    assert failed_rows(stack, plain(100, "checked")) == 10
    stack.sql("ALTER TABLE users ALTER phone TYPE varchar(12) USING left(phone, 12)")
    assert failed_rows(stack, plain(10, "narrowed")) == 10
    stack.sql("ALTER TABLE users ALTER phone TYPE varchar(20)")
    made = race(stack)
    successful = [stack.batch(batch_id)["successful_rows"] for batch_id in made]
    assert sum(successful) == 1000
    stack.check_invariants(*made)
    log = (own_postgres.server.folder / "logs" / "postgres.log").read_text()
    for value in (".example", "First ", "Zoë", "20 7946 0123"):
        assert value not in log
    if verbosity == "default":  # the rows went through the temporary table
        assert "the table users refused a row of an import" in log
    else:
        assert 'violates unique constraint "users_email_unique"' in log
