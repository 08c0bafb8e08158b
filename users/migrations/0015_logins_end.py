"""Whoever is deactivated is logged out for good: also if they are activated again later.

`users.logins_ended_at` is part of what sessions and tokens are compared with
(`User.get_session_auth_hash`). The database sets it, so that an operator's UPDATE does the same as
the admin. It also ends the refresh tokens, then and when a password changes.
"""

from django.db import migrations, models

RULES = """
SET LOCAL lock_timeout = '5s';
CREATE FUNCTION users_end_logins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.logins_ended_at := CASE
        WHEN OLD.is_active AND NOT NEW.is_active THEN clock_timestamp()
        ELSE greatest(OLD.logins_ended_at, NEW.logins_ended_at)  -- never back, by an old object
    END;
    RETURN NEW;
END $$;
CREATE TRIGGER users_end_logins BEFORE UPDATE OF is_active, logins_ended_at ON users
    FOR EACH ROW
    WHEN (OLD.is_active AND NOT NEW.is_active
          OR OLD.logins_ended_at IS DISTINCT FROM NEW.logins_ended_at)
    EXECUTE FUNCTION users_end_logins();

CREATE FUNCTION users_end_refresh_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE refresh_token_families SET revoked_at = now()
    WHERE user_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER users_end_refresh_tokens AFTER UPDATE OF is_active, password ON users
    FOR EACH ROW
    WHEN (OLD.is_active AND NOT NEW.is_active OR OLD.password IS DISTINCT FROM NEW.password)
    EXECUTE FUNCTION users_end_refresh_tokens();
"""
BACK = """
DROP FUNCTION users_end_logins() CASCADE;
DROP FUNCTION users_end_refresh_tokens() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0014_invitations")]

    operations = [
        migrations.AddField(
            "user",
            "logins_ended_at",
            models.DateTimeField(null=True, blank=True, editable=False),
        ),
        migrations.RunSQL(RULES, BACK),
    ]
