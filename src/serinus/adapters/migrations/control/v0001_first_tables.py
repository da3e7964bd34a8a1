"""The first tables of the control store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE_TRIGGERS = (
    "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry "
    "BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END",
    "CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry "
    "BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END",
)
POSTGRESQL_TRIGGERS = (
    "CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'audit entries are never changed'; END $$",
    "CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry "
    "FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()",
    "CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()",
)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "api_key",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("revoked_at_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_api_key"),
        sa.UniqueConstraint("project_id", "sha256", name="uq_api_key_project_id_sha256"),
    )
    op.create_table(
        "app",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_app"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("evidence_digest", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "seq", name="pk_audit_entry"),
        sa.UniqueConstraint("project_id", "previous", name="uq_audit_entry_project_id_previous"),
    )
    op.create_index("ix_audit_entry_project_id_subject_seq", "audit_entry", ["project_id", "subject", "seq"])
    op.create_table(
        "endpoint",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_endpoint"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "key", name="pk_idempotency_key"),
    )
    op.create_index("ix_idempotency_key_project_id_at_us", "idempotency_key", ["project_id", "at_us"])
    op.create_table(
        "leader",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_leader"),
    )
    op.create_table(
        "outbox_notice",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("delivered_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_outbox_notice"),
        sa.UniqueConstraint(
            "project_id",
            "release",
            "seq",
            "kind",
            "subject",
            name="uq_outbox_notice_project_id_release_seq_kind_subject",
        ),
    )
    op.create_index(
        "ix_outbox_notice_project_id_delivered_at_us_id", "outbox_notice", ["project_id", "delivered_at_us", "id"]
    )
    op.create_table(
        "project_secret",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("mac_key", sa.Text, nullable=False),
        sa.Column("pseudonym_key", sa.Text, nullable=False),
        sa.Column("pseudonym_key_id", sa.Text, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_project_secret"),
    )
    op.create_table(
        "release",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name="pk_release"),
        sa.UniqueConstraint("project_id", "ordinal", name="uq_release_project_id_ordinal"),
    )
    op.create_index(
        "uq_release_active",
        "release",
        ["project_id", "app"],
        unique=True,
        sqlite_where=sa.text("(state NOT IN ('aborted', 'promoted', 'rolled_back'))"),
        postgresql_where=sa.text("(state NOT IN ('aborted', 'promoted', 'rolled_back'))"),
    )
    op.create_table(
        "release_progress",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("release_id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release_id", name="pk_release_progress"),
    )
    op.create_table(
        "snapshot",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "revision", name="pk_snapshot"),
    )
    op.create_table(
        "version",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("behaviour", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("was_live_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "app", "digest", name="pk_version"),
        sa.UniqueConstraint("project_id", "ordinal", name="uq_version_project_id_ordinal"),
        sa.UniqueConstraint("project_id", "app", "name", name="uq_version_project_id_app_name"),
    )
    op.create_index("ix_version_project_id_digest", "version", ["project_id", "digest"])
    op.create_table(
        "version_number",
        sa.Column("project_id", sa.Text, nullable=False),
        sa.Column("app", sa.Text, nullable=False),
        sa.Column("week", sa.Text, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "app", "week", name="pk_version_number"),
    )
    bind = op.get_bind()
    for statement in SQLITE_TRIGGERS if bind.dialect.name == "sqlite" else POSTGRESQL_TRIGGERS:
        bind.exec_driver_sql(statement)
