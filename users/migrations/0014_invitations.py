"""One invitation for each user, which outlives the user, and the columns of the outbox.

Nothing wrote to the table before this version, so all of this takes moments. Should somebody have
filled it by hand, the invitation that was accepted is kept of each user, or else the newest.

The foreign keys are triggers that run once a statement, as those of `users.organisation_id`
(0002): PostgreSQL's own check would cost an import several microseconds for each row.

- INSERT: the users have to exist, and are locked FOR KEY SHARE. A row without an organisation gets
  the one of its user.
- DELETE of users sets `user_id` and `invited_by` to null, and revokes what is open.
- DELETE of an organisation deletes the invitations of its users, and those whose user is gone.
- UPDATE of a user's organisation takes the invitation along.

A transaction that sets `marketedge.users_are_locked` to `on` holds locks on these users itself, and
names the right organisation: nothing is checked.

An import writes one row in `user_invitation_requests` for all invitations of a statement. They are
written from it in the background, with the id of the user as their id: ids that ascend with time
are faster to insert than random ones.
"""

import uuid

import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

import core.models

BEFORE = """
SET LOCAL lock_timeout = '5s';
DELETE FROM user_invitations older USING user_invitations kept
WHERE older.user_id = kept.user_id AND older.id <> kept.id
  AND (older.status = 'accepted', older.created_at, older.id)
    < (kept.status = 'accepted', kept.created_at, kept.id);
"""

RULES = """
UPDATE user_invitations SET organisation_id = users.organisation_id
FROM users WHERE users.id = user_invitations.user_id;

ALTER TABLE user_invitations DROP CONSTRAINT user_invitations_user_fk;
ALTER TABLE user_invitations DROP CONSTRAINT user_invitations_invited_by_fk;

CREATE FUNCTION user_invitations_check_users() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing uuid;
BEGIN
    PERFORM FROM users
    WHERE id IN (SELECT user_id FROM new_invitations UNION SELECT invited_by FROM new_invitations)
    ORDER BY id FOR KEY SHARE;
    SELECT named.id INTO missing FROM (
        SELECT user_id AS id FROM new_invitations UNION SELECT invited_by FROM new_invitations
    ) AS named
    WHERE named.id IS NOT NULL AND NOT EXISTS (SELECT FROM users WHERE users.id = named.id)
    LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'insert on table "user_invitations" violates foreign key "user_invitations_user"',
            DETAIL = format('Key (id)=(%s) is not present in "users".', missing),
            TABLE = 'user_invitations', CONSTRAINT = 'user_invitations_user';
    END IF;
    UPDATE user_invitations SET organisation_id = users.organisation_id
    FROM new_invitations JOIN users ON users.id = new_invitations.user_id
    WHERE user_invitations.id = new_invitations.id AND new_invitations.organisation_id IS NULL
      AND users.organisation_id IS NOT NULL;
    PERFORM FROM new_invitations JOIN users ON users.id = new_invitations.user_id
    WHERE users.organisation_id <> new_invitations.organisation_id
       OR (users.organisation_id IS NULL AND new_invitations.organisation_id IS NOT NULL);
    IF FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'the organisation of an invitation must be the one of its user',
            TABLE = 'user_invitations', CONSTRAINT = 'user_invitations_organisation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER user_invitations_check_users AFTER INSERT ON user_invitations
    REFERENCING NEW TABLE AS new_invitations
    FOR EACH STATEMENT
    WHEN (current_setting('marketedge.users_are_locked', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION user_invitations_check_users();

ALTER TABLE user_invitation_requests ADD CONSTRAINT user_invitation_requests_organisation_fk
    FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE;
CREATE TRIGGER user_invitation_requests_touch BEFORE UPDATE ON user_invitation_requests
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE FUNCTION users_leave_invitations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE user_invitation_requests SET invited_by = NULL
    WHERE invited_by IN (SELECT id FROM old_users);
    UPDATE user_invitations
    SET user_id = NULL,
        status = CASE WHEN status IN ('pending', 'sending', 'sent', 'unknown')
                      THEN 'revoked' ELSE status END
    WHERE user_id IN (SELECT id FROM old_users);
    UPDATE user_invitations SET invited_by = NULL
    WHERE invited_by IN (SELECT id FROM old_users);
    RETURN NULL;
END $$;
CREATE TRIGGER users_leave_invitations AFTER DELETE ON users
    REFERENCING OLD TABLE AS old_users
    FOR EACH STATEMENT EXECUTE FUNCTION users_leave_invitations();

CREATE FUNCTION users_take_invitation_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE user_invitations SET organisation_id = NEW.organisation_id WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_take_invitation_along AFTER UPDATE OF organisation_id ON users
    FOR EACH ROW WHEN (OLD.organisation_id IS DISTINCT FROM NEW.organisation_id)
    EXECUTE FUNCTION users_take_invitation_along();

CREATE OR REPLACE FUNCTION organisations_take_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE organisation_id = OLD.id ORDER BY id FOR UPDATE;
    DELETE FROM user_invitations
    WHERE user_id IN (SELECT id FROM users WHERE organisation_id = OLD.id);
    DELETE FROM users WHERE organisation_id = OLD.id;
    DELETE FROM user_invitations WHERE organisation_id = OLD.id AND user_id IS NULL;
    RETURN NULL;
END $$;
"""
BACK = """
CREATE OR REPLACE FUNCTION organisations_take_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE organisation_id = OLD.id ORDER BY id FOR UPDATE;
    DELETE FROM users WHERE organisation_id = OLD.id;
    RETURN NULL;
END $$;
DROP FUNCTION users_take_invitation_along() CASCADE;
DROP FUNCTION users_leave_invitations() CASCADE;
DROP FUNCTION user_invitations_check_users() CASCADE;
DELETE FROM user_invitations WHERE user_id IS NULL;
UPDATE user_invitations SET status = 'revoked'
WHERE status NOT IN ('pending', 'sent', 'accepted', 'revoked');
ALTER TABLE user_invitations ADD CONSTRAINT user_invitations_user_fk
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE user_invitations ADD CONSTRAINT user_invitations_invited_by_fk
    FOREIGN KEY (invited_by) REFERENCES users (id) ON DELETE SET NULL;
"""

STATUSES = [
    ("pending", "Pending"),
    ("sending", "Sending"),
    ("sent", "Sent"),
    ("unknown", "may have been sent"),
    ("accepted", "Accepted"),
    ("revoked", "Revoked"),
    ("failed", "Failed"),
    ("bounced", "Bounced"),
]
DO_NOTHING = django.db.models.deletion.DO_NOTHING


class Migration(migrations.Migration):
    dependencies = [("users", "0013_lock_what_changes")]

    operations = [
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RemoveConstraint("invitation", "user_invitations_one_open"),
        migrations.RemoveConstraint("invitation", "user_invitations_token_unique"),
        migrations.AddField(
            "invitation",
            "organisation",
            models.ForeignKey(
                to="users.organisation",
                on_delete=DO_NOTHING,
                db_constraint=False,
                db_index=False,
                null=True,
            ),
        ),
        migrations.AddField(
            "invitation",
            "import_batch_id",
            models.UUIDField(null=True, blank=True, editable=False),
        ),
        migrations.AddField(
            "invitation", "generation", models.IntegerField(default=1, db_default=1)
        ),
        migrations.AddField(
            "invitation",
            "reason",
            models.CharField(max_length=200, blank=True, default="", db_default=""),
        ),
        migrations.AddField("invitation", "attempts", models.IntegerField(default=0, db_default=0)),
        migrations.AddField(
            "invitation", "next_attempt_at", models.DateTimeField(db_default=Now())
        ),
        migrations.AddField(
            "invitation", "claimed_at", models.DateTimeField(null=True, blank=True)
        ),
        migrations.AlterField(
            "invitation",
            "user",
            models.ForeignKey(
                to=settings.AUTH_USER_MODEL,
                on_delete=DO_NOTHING,
                db_constraint=False,
                db_index=False,
                null=True,
            ),
        ),
        migrations.AlterField(
            "invitation",
            "status",
            models.CharField(
                max_length=10, choices=STATUSES, default="pending", db_default="pending"
            ),
        ),
        migrations.CreateModel(
            name="InvitationRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=core.models.GenRandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("updated_at", models.DateTimeField(db_default=Now(), editable=False)),
                ("import_batch_id", models.UUIDField()),
                ("first_id", models.UUIDField()),
                ("last_id", models.UUIDField()),
                ("number", models.IntegerField()),
                (
                    "invited_by",
                    models.ForeignKey(
                        to=settings.AUTH_USER_MODEL,
                        on_delete=DO_NOTHING,
                        db_column="invited_by",
                        db_constraint=False,
                        null=True,
                        related_name="+",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        to="users.organisation", on_delete=DO_NOTHING, db_constraint=False
                    ),
                ),
            ],
            options={"db_table": "user_invitation_requests"},
            managers=[("unscoped", django.db.models.manager.Manager())],
        ),
        migrations.RunSQL(RULES, BACK),
        migrations.AddConstraint(
            "invitation",
            models.UniqueConstraint(
                fields=["token_hash"],
                condition=models.Q(token_hash__isnull=False),
                name="user_invitations_token_unique",
            ),
        ),
        migrations.AddConstraint(
            "invitation",
            models.UniqueConstraint(fields=["user"], name="user_invitations_user_unique"),
        ),
        migrations.AddIndex(
            "invitation",
            models.Index(
                fields=["organisation", "next_attempt_at"],
                condition=models.Q(status="pending"),
                name="user_invitations_pending",
            ),
        ),
        migrations.AddIndex(
            "invitation",
            models.Index(
                fields=["claimed_at"],
                condition=models.Q(status="sending"),
                name="user_invitations_claimed",
            ),
        ),
        migrations.AddIndex(
            "invitation",
            models.Index(
                fields=["import_batch_id"],
                condition=models.Q(import_batch_id__isnull=False),
                name="user_invitations_batch",
            ),
        ),
        migrations.AddIndex(
            "invitation",
            models.Index(
                fields=["organisation"],
                condition=models.Q(user__isnull=True),
                name="user_invitations_ownerless",
            ),
        ),
    ]
