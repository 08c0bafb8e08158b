"""docs/user-management.md and docs/deployment-render.md: every block runs."""

from __future__ import annotations

import pytest
import yaml
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.guides.reader import Guide
from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.stack import Stack, Tenant
from tests.marketedge.render_helpers import blueprint
from tests.paths import ROOT
from users.credentials import api_keys
from users.models import User

SECRET = "correct-horse-battery-staple"


def user_of(tenant: Tenant) -> User:
    """The tenant's administrator, as the database has it now."""
    return User.objects.everywhere().select_related("organisation").get(id=tenant.user_id)


def user_management(stack: Stack, tenant: Tenant) -> Guide:
    """The guide with values for its placeholders."""
    (name,) = stack.sql("SELECT name FROM organisations WHERE id = %s", tenant.organisation_id)[0]
    email = f"admin@{tenant.name}.test"
    return Guide(
        "user-management.md",
        stack,
        USER_EMAIL=email,
        ORGANISATION_NAME=name,
        NEW_SECRET=SECRET,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_users_are_managed_as_the_guide_says(stack: Stack) -> None:
    tenant = stack.new_tenant()
    guide = user_management(stack, tenant)
    every = guide.blocks()
    assert len(every) == guide.text.count("\n```") // 2
    done = []

    def does(words: str) -> object:
        done.extend(block for block in every if words in block.text)
        return guide.does(words)

    does("createsuperuser")
    root = User.objects.everywhere().get(email="root@marketedge.example")
    assert PBKDF2PasswordHasher().verify(SECRET, root.password)
    assert root.role == "super_admin"
    assert "root@marketedge.example" in str(does("ORDER BY u.role DESC"))

    for table in ("users", "organisations"):
        does(f"UPDATE {table} SET is_active = false")
        assert not user_of(tenant).may_log_in
        does(f"UPDATE {table} SET is_active = true")
        assert user_of(tenant).may_log_in

    does("set_password")
    assert PBKDF2PasswordHasher().verify(SECRET, user_of(tenant).password)
    of = {"user_id": tenant.user_id, "organisation_id": tenant.organisation_id}
    key, secret = api_keys.create(name="nightly", **of)
    assert api_keys.authenticate(secret)
    assert key.prefix in str(does("SELECT k.name"))
    does("api_keys.revoke")
    assert api_keys.authenticate(secret) is None

    stack.sql(
        "INSERT INTO otp_totp_totpdevice (user_id, name, confirmed, key, step, t0, digits,"
        " tolerance, drift, last_t, throttling_failure_count)"
        " VALUES (%s, '', true, '00', 30, 0, 6, 1, 0, 0, 0)",
        tenant.user_id,
    )
    does("DELETE FROM otp_totp_totpdevice")
    assert stack.value("SELECT count(*) FROM otp_totp_totpdevice") == 0

    batch_id = stack.submit(mixed(200, tenant.name), tenant)
    stack.worker()
    stack.wait_until_ended(batch_id)
    guide.known["BATCH_ID"] = batch_id
    rows = does("SELECT email, first_name")
    assert isinstance(rows, list)
    assert len(rows) > 100
    does("undo_import")
    assert stack.value("SELECT count(*) FROM users WHERE import_batch_id = %s", batch_id) == 0
    assert "Nothing" in str(does("import_users"))
    assert "key_revoked" in str(does("audit_events"))
    assert [block for block in every if block not in done] == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_commands_for_render_run(stack: Stack) -> None:
    tenant = stack.new_tenant()
    batch_id = stack.submit(mixed(200, tenant.name), tenant)
    stack.worker()
    stack.wait_until_ended(batch_id)
    for process in ("worker", "beat", "sweep", "purge"):  # or the daily check is critical
        stack.sql("INSERT INTO heartbeats (name) VALUES (%s) ON CONFLICT DO NOTHING", f"{process}:")
    stack.of_processes |= {
        "HTTPS_ONLY": "true",
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP",
        "DJANGO_SETTINGS_MODULE": "marketedge.settings",
    }
    guide = Guide("deployment-render.md", stack, BATCH_ID=batch_id)
    for block in guide.blocks():
        if block.language != "yaml":
            guide.run(block)


def test_the_settings_in_the_guide_for_render_are_those_of_its_file() -> None:
    text = (ROOT / "docs" / "deployment-render.md").read_text()
    parts = [part.partition("```")[0] for part in text.split("```yaml\n")[1:]]
    scaling, group = (yaml.safe_load(part) for part in parts)
    web = next(one for one in blueprint()["services"] if one["name"] == "marketedge-web")
    assert set(scaling) <= set(web)
    (entry,) = group
    assert f"`{entry['key']}`" in (ROOT / "docs" / "settings.md").read_text()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_statements_about_scaling_run(stack: Stack) -> None:
    stack.submit(mixed(200, "waiting"), stack.new_tenant())
    guide = Guide("scaling.md", stack)
    answers = [guide.run(block) for block in guide.blocks()]
    assert len(answers) == guide.text.count("\n```") // 2 == 1
    assert answers[0] == [(1,)]
