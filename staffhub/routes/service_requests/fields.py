"""What several forms of a request ask for."""

from typing import Annotated

from pydantic import Field, StringConstraints

from staffhub.forms import Line

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Note = Annotated[Line, StringConstraints(max_length=200)]
