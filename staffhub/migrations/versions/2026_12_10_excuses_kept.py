"""excuses kept: a day on which a bidang need not keep its minimum changes the office's version, as its rules do."""

from staffhub.migrations import office_version

revision = "excuses_kept"
down_revision = "outages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    office_version.watch()


def downgrade() -> None:
    """Leave the triggers: before, another version meant nothing more than reading once again."""
