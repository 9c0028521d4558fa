"""Duty orders and exemptions: the letters that send people elsewhere, or free them of coming."""

from staffhub.routes.deps import pages
from staffhub.routes.orders import changing, exemptions, writing

router = pages(writing.router, changing.router, exemptions.router)
