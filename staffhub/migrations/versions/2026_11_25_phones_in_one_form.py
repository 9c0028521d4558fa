"""telephone numbers in one form: 0 and digits for this country, + and digits for another.

What cannot be read as one number stays as it was written. Down: the numbers are the same, so nothing is written back.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "phones_in_one_form"
down_revision = "plan_in_layers"
branch_labels = None
depends_on = None

# As the program reads them today (staffhub/typed.py); a migration does not follow later changes.
_HOME = re.compile("0[1-9][0-9]{7,11}")
_FOREIGN = re.compile("[+][1-9][0-9]{7,14}")


def _one_form(written: str) -> str:
    number = re.sub(r"[\s().\-/'_]", "", written)
    number = re.sub(r"^00(?=[1-9])", "+", number)
    number = re.sub(r"^(?:[+]62|62(?=8|[0-9]{9}))0?", "0", number)
    if re.fullmatch(r"[1-9][0-9]{8,11}", number):
        number = f"0{number}"
    return number if _HOME.fullmatch(number) or _FOREIGN.fullmatch(number) else written


def upgrade() -> None:
    connection = op.get_bind()
    for name in ("officer", "service_request"):
        table = sa.table(name, sa.column("id", sa.Integer), sa.column("phone", sa.String))
        for row in connection.execute(sa.select(table.c.id, table.c.phone).where(table.c.phone != "")).all():
            number = _one_form(row.phone)
            if number != row.phone:
                connection.execute(sa.update(table).where(table.c.id == row.id).values(phone=number))


def downgrade() -> None:
    pass
