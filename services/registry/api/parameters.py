"""Parameters that several resources take."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from services.kernel.etags import if_match
from services.kernel.pagination import PageRequest, page_request
from services.registry.schemas.coverage import EARLIEST_DAY, LATEST_DAY


def _within_reach(day: date | None) -> date | None:
    """Beyond these days no record lies, and what is counted from a day would leave the calendar."""
    if day is not None and not EARLIEST_DAY <= day <= LATEST_DAY:
        raise PydanticCustomError("day_out_of_range", "这一天超出范围，请核对年份。")
    return day


AsOf = Annotated[date | None, AfterValidator(_within_reach), Query(description="截至哪天的情况；不填为现在")]
AsOfToday = Annotated[date | None, AfterValidator(_within_reach), Query(description="看这一天的情况，默认今天")]
Correction = Annotated[str, Query(min_length=1, max_length=200, description="更正原因，记入审计")]
Paging = Annotated[PageRequest, Depends(page_request)]
Purpose = Annotated[str | None, Query(max_length=200, description="导出用途，记入审计")]
Seen = Annotated[str, Depends(if_match)]
