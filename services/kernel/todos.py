"""What waits for a caller: the same shape in every service, so that the landing page can put them together."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field


class Todo(BaseModel):
    """One thing to do, done or overdue; `href` is the page where it is done."""

    id: str = Field(description="stable within the service", examples=["claims_to_review"])
    kind: str = Field(examples=["claims_to_review"])
    title: str = Field(examples=["待审核的申报"])
    detail: str
    due_on: date | None = None
    state: Literal["open", "done", "overdue"]
    href: str = Field(examples=["/subsidies/claims?state=submitted"])


class TodoList(BaseModel):
    """待办, 已办 and 逾期 of one service."""

    items: list[Todo]
