"""Parameters that several resources take."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from services.kernel.etags import if_match
from services.kernel.pagination import PageRequest, page_request

AsOf = Annotated[date | None, Query(description="截至哪天的情况；不填为现在")]
AsOfToday = Annotated[date | None, Query(description="看这一天的情况，默认今天")]
Correction = Annotated[str, Query(min_length=1, max_length=200, description="更正原因，记入审计")]
Paging = Annotated[PageRequest, Depends(page_request)]
Purpose = Annotated[str | None, Query(max_length=200, description="导出用途，记入审计")]
Seen = Annotated[str, Depends(if_match)]
