"""first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", BIG, nullable=True),
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", BIG, nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("sequence", BIG, nullable=True),
        sa.Column("previous_hash", sa.String(length=64), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("sequence", name=op.f("uq_audit_event_sequence")),
    )
    with op.batch_alter_table("audit_event") as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_event_office_id_at"), ["office_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_event_subject_subject_id"), ["subject", "subject_id"], unique=False)

    op.create_table(
        "claim",
        sa.Column("id", BIG, nullable=False),
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("job", "slot", name=op.f("uq_claim_job_slot")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "office",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("government", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("timezone", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("username_hash", sa.String(length=64), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=True),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    with op.batch_alter_table("sign_in_attempt") as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_attempt_address_hash_at"), ["address_hash", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_attempt_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_attempt_username_hash_at"), ["username_hash", "at"], unique=False)

    op.create_table(
        "division",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("short_name", sa.String(length=40), nullable=False),
        sa.Column("sort", BIG, nullable=False),
        sa.Column("keeps_cover", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_division_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_division")),
        sa.UniqueConstraint("office_id", "code", name=op.f("uq_division_office_id_code")),
    )
    op.create_table(
        "holiday",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "national",
                "collective",
                "local",
                name="holidaykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source", sa.String(length=160), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_holiday_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
        sa.UniqueConstraint("office_id", "date", name=op.f("uq_holiday_office_id_date")),
    )
    op.create_table(
        "rule_set",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("work_hours", "coverage", name="rulekind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("legal_source", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_rule_set_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_set")),
    )
    with op.batch_alter_table("rule_set") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_rule_set_office_id_kind_valid_from"), ["office_id", "kind", "valid_from"], unique=False
        )

    op.create_table(
        "officer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "employment_type",
            sa.Enum(
                "pns",
                "cpns",
                "pppk",
                "pppk_part_time",
                "thl",
                name="employmenttype",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.String(length=120), nullable=False),
        sa.Column("division_id", BIG, nullable=True),
        sa.Column("superior_id", BIG, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("phone", sa.String(length=24), nullable=False),
        sa.Column("active_from", sa.Date(), nullable=False),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_officer_division_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_officer_office_id")),
        sa.ForeignKeyConstraint(["superior_id"], ["officer.id"], name=op.f("fk_officer_superior_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer")),
        sa.UniqueConstraint("office_id", "number", name=op.f("uq_officer_office_id_number")),
    )
    with op.batch_alter_table("officer") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_officer_office_id_division_id"), ["office_id", "division_id"], unique=False
        )

    op.create_table(
        "service_type",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("division_id", BIG, nullable=False),
        sa.Column("needs_presence", sa.Boolean(), nullable=False),
        sa.Column("service_days", BIG, nullable=True),
        sa.Column("sort", BIG, nullable=False),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_service_type_division_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_service_type_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_type")),
        sa.UniqueConstraint("office_id", "code", name=op.f("uq_service_type_office_id_code")),
    )
    op.create_table(
        "account",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=True),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("one_time_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "staff",
                "division_head",
                "office_head",
                "hr",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "scope",
            sa.Enum("self", "division", "office", name="scope", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("locale", sa.String(length=5), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_account_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_account_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("officer_id", name=op.f("uq_account_officer_id")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    with op.batch_alter_table("account") as batch_op:
        batch_op.create_index(batch_op.f("ix_account_office_id"), ["office_id"], unique=False)

    op.create_table(
        "daily_report",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_daily_report_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_daily_report_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_report")),
        sa.UniqueConstraint("office_id", "officer_id", "date", name=op.f("uq_daily_report_office_id_officer_id_date")),
    )
    op.create_table(
        "mark",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("place", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("check_in", "check_out", name="markkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "mode",
            sa.Enum("office", "home", "field", name="workmode", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column(
            "grade",
            sa.Enum("a", "b", "c", name="grade", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("receipt", sa.String(length=12), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_mark_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_mark_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
        sa.UniqueConstraint(
            "office_id", "officer_id", "date", "place", name=op.f("uq_mark_office_id_officer_id_date_place")
        ),
        sa.UniqueConstraint(
            "office_id", "officer_id", "idempotency_key", name=op.f("uq_mark_office_id_officer_id_idempotency_key")
        ),
        sa.UniqueConstraint("office_id", "receipt", name=op.f("uq_mark_office_id_receipt")),
    )
    with op.batch_alter_table("mark") as batch_op:
        batch_op.create_index(batch_op.f("ix_mark_office_id_date"), ["office_id", "date"], unique=False)

    op.create_table(
        "correction",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "check_in",
                "check_out",
                "mode",
                "leave",
                "absent",
                name="correctionkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "mode",
            sa.Enum("office", "home", "field", name="workmode", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "forgot",
                "network",
                "application",
                "duty_outside",
                "late",
                "left_early",
                "leave_letter",
                name="correctionreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_correction_created_by")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_correction_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_correction_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_correction_office_id_idempotency_key")),
    )
    with op.batch_alter_table("correction") as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_office_id_date"), ["office_id", "date"], unique=False)
        batch_op.create_index(batch_op.f("ix_correction_officer_id_date"), ["officer_id", "date"], unique=False)

    op.create_table(
        "meeting",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("division_id", BIG, nullable=True),
        sa.Column(
            "kind",
            sa.Enum("single", "standup", name="meetingkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("agenda", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.Time(), nullable=False),
        sa.Column("minutes", BIG, nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("occurrences", BIG, nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "ready",
                "failed",
                "cancelled",
                name="meetingstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("marker", sa.String(length=16), nullable=False),
        sa.Column("zoom_id", BIG, nullable=True),
        sa.Column("zoom_host", sa.String(length=254), nullable=False),
        sa.Column("join_url", sa.Text(), nullable=False),
        sa.Column("trouble", sa.String(length=500), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_meeting_created_by")),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_meeting_division_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_meeting_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
        sa.UniqueConstraint("marker", name=op.f("uq_meeting_marker")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_meeting_office_id_idempotency_key")),
    )
    with op.batch_alter_table("meeting") as batch_op:
        batch_op.create_index(batch_op.f("ix_meeting_office_id_starts_on"), ["office_id", "starts_on"], unique=False)

    op.create_table(
        "plan_entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum(
                "office",
                "home",
                "field",
                "leave",
                name="planmode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("created_by", BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_plan_entry_created_by")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_plan_entry_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_plan_entry_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_entry")),
        sa.UniqueConstraint("office_id", "officer_id", "date", name=op.f("uq_plan_entry_office_id_officer_id_date")),
    )
    with op.batch_alter_table("plan_entry") as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_entry_office_id_date"), ["office_id", "date"], unique=False)

    op.create_table(
        "service_request",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("service_type_id", BIG, nullable=False),
        sa.Column("applicant", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=24), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("whatsapp", "app", "counter", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("siak_reference", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "checking",
                "waiting",
                "deferred",
                "signing",
                "ready",
                "done",
                "cancelled",
                name="requeststate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("assignee_id", BIG, nullable=True),
        sa.Column("created_by", BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["officer.id"], name=op.f("fk_service_request_assignee_id")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_service_request_created_by")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_service_request_office_id")),
        sa.ForeignKeyConstraint(
            ["service_type_id"], ["service_type.id"], name=op.f("fk_service_request_service_type_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_request")),
        sa.UniqueConstraint("office_id", "idempotency_key", name=op.f("uq_service_request_office_id_idempotency_key")),
        sa.UniqueConstraint("office_id", "number", name=op.f("uq_service_request_office_id_number")),
    )
    with op.batch_alter_table("service_request") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_service_request_assignee_id_state"), ["assignee_id", "state"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_service_request_office_id_state"), ["office_id", "state"], unique=False)

    op.create_table(
        "user_session",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=160), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_user_session_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_session_token_hash")),
    )
    with op.batch_alter_table("user_session") as batch_op:
        batch_op.create_index(batch_op.f("ix_user_session_account_id"), ["account_id"], unique=False)

    op.create_table(
        "week_pattern",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("created_by", BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_week_pattern_created_by")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_week_pattern_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_week_pattern_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_week_pattern")),
        sa.UniqueConstraint(
            "office_id", "officer_id", "valid_from", name=op.f("uq_week_pattern_office_id_officer_id_valid_from")
        ),
    )
    op.create_table(
        "join_click",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_join_click_meeting_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_join_click_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_join_click_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_click")),
    )
    with op.batch_alter_table("join_click") as batch_op:
        batch_op.create_index(batch_op.f("ix_join_click_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_join_click_office_id_date"), ["office_id", "date"], unique=False)
        batch_op.create_index(batch_op.f("ix_join_click_officer_id_date"), ["officer_id", "date"], unique=False)

    op.create_table(
        "log_entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("quantity", BIG, nullable=True),
        sa.Column("unit", sa.String(length=24), nullable=False),
        sa.Column("service_request_id", BIG, nullable=True),
        sa.Column("meeting_id", BIG, nullable=True),
        sa.Column("version", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(length=64), nullable=False),
        sa.CheckConstraint("ends > starts", name=op.f("ck_log_entry_ends_after_start")),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_log_entry_meeting_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_log_entry_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_log_entry_officer_id")),
        sa.ForeignKeyConstraint(
            ["service_request_id"], ["service_request.id"], name=op.f("fk_log_entry_service_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_entry")),
        sa.UniqueConstraint(
            "office_id", "officer_id", "idempotency_key", name=op.f("uq_log_entry_office_id_officer_id_idempotency_key")
        ),
    )
    with op.batch_alter_table("log_entry") as batch_op:
        batch_op.create_index(batch_op.f("ix_log_entry_office_id_date"), ["office_id", "date"], unique=False)
        batch_op.create_index(batch_op.f("ix_log_entry_officer_id_date"), ["officer_id", "date"], unique=False)
        batch_op.create_index(batch_op.f("ix_log_entry_service_request_id"), ["service_request_id"], unique=False)

    op.create_table(
        "meeting_invite",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_meeting_invite_meeting_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_meeting_invite_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_meeting_invite_officer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_invite")),
        sa.UniqueConstraint("meeting_id", "officer_id", name=op.f("uq_meeting_invite_meeting_id_officer_id")),
        sa.UniqueConstraint("token", name=op.f("uq_meeting_invite_token")),
    )
    with op.batch_alter_table("meeting_invite") as batch_op:
        batch_op.create_index(batch_op.f("ix_meeting_invite_officer_id"), ["officer_id"], unique=False)

    op.create_table(
        "request_event",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("request_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("officer_id", BIG, nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "checking",
                "waiting",
                "deferred",
                "signing",
                "ready",
                "done",
                "cancelled",
                name="requeststate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("assignee_id", BIG, nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["assignee_id"], ["officer.id"], name=op.f("fk_request_event_assignee_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_request_event_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_request_event_officer_id")),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"], name=op.f("fk_request_event_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_event")),
    )
    with op.batch_alter_table("request_event") as batch_op:
        batch_op.create_index(batch_op.f("ix_request_event_office_id_at"), ["office_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_request_event_officer_id"), ["officer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_request_event_request_id_at"), ["request_id", "at"], unique=False)

    op.create_table(
        "zoom_task",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("meeting_id", BIG, nullable=False),
        sa.Column(
            "verb",
            sa.Enum(
                "create", "update", "delete", name="zoomverb", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "done",
                "failed",
                name="taskstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("unclear", sa.Boolean(), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name=op.f("fk_zoom_task_meeting_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_zoom_task_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zoom_task")),
    )
    with op.batch_alter_table("zoom_task") as batch_op:
        batch_op.create_index(batch_op.f("ix_zoom_task_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_zoom_task_state_due_at"), ["state", "due_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("zoom_task") as batch_op:
        batch_op.drop_index(batch_op.f("ix_zoom_task_state_due_at"))
        batch_op.drop_index(batch_op.f("ix_zoom_task_meeting_id"))

    op.drop_table("zoom_task")
    with op.batch_alter_table("request_event") as batch_op:
        batch_op.drop_index(batch_op.f("ix_request_event_request_id_at"))
        batch_op.drop_index(batch_op.f("ix_request_event_officer_id"))
        batch_op.drop_index(batch_op.f("ix_request_event_office_id_at"))

    op.drop_table("request_event")
    with op.batch_alter_table("meeting_invite") as batch_op:
        batch_op.drop_index(batch_op.f("ix_meeting_invite_officer_id"))

    op.drop_table("meeting_invite")
    with op.batch_alter_table("log_entry") as batch_op:
        batch_op.drop_index(batch_op.f("ix_log_entry_service_request_id"))
        batch_op.drop_index(batch_op.f("ix_log_entry_officer_id_date"))
        batch_op.drop_index(batch_op.f("ix_log_entry_office_id_date"))

    op.drop_table("log_entry")
    with op.batch_alter_table("join_click") as batch_op:
        batch_op.drop_index(batch_op.f("ix_join_click_officer_id_date"))
        batch_op.drop_index(batch_op.f("ix_join_click_office_id_date"))
        batch_op.drop_index(batch_op.f("ix_join_click_meeting_id"))

    op.drop_table("join_click")
    op.drop_table("week_pattern")
    with op.batch_alter_table("user_session") as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_session_account_id"))

    op.drop_table("user_session")
    with op.batch_alter_table("service_request") as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_request_office_id_state"))
        batch_op.drop_index(batch_op.f("ix_service_request_assignee_id_state"))

    op.drop_table("service_request")
    with op.batch_alter_table("plan_entry") as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_entry_office_id_date"))

    op.drop_table("plan_entry")
    with op.batch_alter_table("meeting") as batch_op:
        batch_op.drop_index(batch_op.f("ix_meeting_office_id_starts_on"))

    op.drop_table("meeting")
    with op.batch_alter_table("correction") as batch_op:
        batch_op.drop_index(batch_op.f("ix_correction_officer_id_date"))
        batch_op.drop_index(batch_op.f("ix_correction_office_id_date"))

    op.drop_table("correction")
    with op.batch_alter_table("mark") as batch_op:
        batch_op.drop_index(batch_op.f("ix_mark_office_id_date"))

    op.drop_table("mark")
    op.drop_table("daily_report")
    with op.batch_alter_table("account") as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_office_id"))

    op.drop_table("account")
    op.drop_table("service_type")
    with op.batch_alter_table("officer") as batch_op:
        batch_op.drop_index(batch_op.f("ix_officer_office_id_division_id"))

    op.drop_table("officer")
    with op.batch_alter_table("rule_set") as batch_op:
        batch_op.drop_index(batch_op.f("ix_rule_set_office_id_kind_valid_from"))

    op.drop_table("rule_set")
    op.drop_table("holiday")
    op.drop_table("division")
    with op.batch_alter_table("sign_in_attempt") as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_attempt_username_hash_at"))
        batch_op.drop_index(batch_op.f("ix_sign_in_attempt_at"))
        batch_op.drop_index(batch_op.f("ix_sign_in_attempt_address_hash_at"))

    op.drop_table("sign_in_attempt")
    op.drop_table("office")
    op.drop_table("heartbeat")
    op.drop_table("claim")
    with op.batch_alter_table("audit_event") as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_event_subject_subject_id"))
        batch_op.drop_index(batch_op.f("ix_audit_event_office_id_at"))

    op.drop_table("audit_event")
