"""codes for citizens: every request, also an old one, has a short code made up by chance."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "codes_for_citizens"
down_revision = "slots"
branch_labels = None
depends_on = None

# As the program makes them up today; a migration does not follow later changes.
_LETTERS = "CDFHJKMNPQRTWXY34679"


def _code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def upgrade() -> None:
    op.add_column(
        "service_request", sa.Column("public_code", sa.String(9), nullable=False, server_default=sa.text("''"))
    )
    table = sa.table("service_request", sa.column("id", sa.Integer), sa.column("public_code", sa.String))
    connection = op.get_bind()
    ids = connection.scalars(sa.select(table.c.id)).all()
    codes: set[str] = set()
    while len(codes) < len(ids):
        codes.add(_code())
    if ids:
        given = sa.update(table).where(table.c.id == sa.bindparam("row")).values(public_code=sa.bindparam("code"))
        connection.execute(given, [{"row": row, "code": code} for row, code in zip(ids, codes, strict=True)])
    op.create_index("ix_service_request_public_code", "service_request", ["public_code"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_service_request_public_code", "service_request")
    op.drop_column("service_request", "public_code")
