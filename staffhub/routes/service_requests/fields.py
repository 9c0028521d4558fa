"""What several forms of a request ask for."""

from typing import Annotated

from pydantic import Field, StringConstraints

from staffhub.forms import Line

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Applicant = Annotated[Line, StringConstraints(max_length=60)]
Reference = Annotated[Line, StringConstraints(max_length=40)]
# The mark of what may be the same wish, as the page showed it.
Seen = Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]
Note = Annotated[Line, StringConstraints(max_length=200)]
