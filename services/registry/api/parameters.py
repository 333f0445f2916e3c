"""Query parameters that several resources take."""

from datetime import date
from typing import Annotated

from fastapi import Query

AsOf = Annotated[date | None, Query(description="截至哪天的情况；不填为现在")]
