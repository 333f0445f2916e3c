"""Checked scalar types of a policy pack: article locators, codes, money, exact numbers, deadlines.

Numbers that a document states are exact: whole numbers or quoted decimals. A YAML float is refused, because 0.1 in a
file is not one tenth in memory and two machines must hash the same pack alike.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, StringConstraints
from pydantic_core import PydanticCustomError

FEN_PER_YUAN = 100
_MONEY = re.compile(r"(?:0|[1-9]\d{0,12})(?:\.\d{1,2})?")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,12})(?:\.\d{1,6})?")
_YEARS = range(2000, 2101)

_NUMERAL = "[一二三四五六七八九十]{1,3}"
_HEADING = r"(?:总则|主要任务|保障措施|实施步骤|正文)"
# A place in a document: 首 (opening), 尾 (closing paragraph), 抄送, 表10 (row of a task table), or part, bracketed
# section, number, bracketed sub-number and 一是/二是 item in that order (二9, 三(二), 四(一)1, 总则3, 三·二), after the
# annex it stands in, if any (附件2/三(一), 附件/表4). Brackets are ASCII.
LOCATOR_PATTERN = (
    rf"^(?:附件\d{{0,2}}|(?:附件\d{{0,2}}/)?"
    rf"(?:首|尾|抄送|表\d{{1,3}}|(?:{_NUMERAL}|{_HEADING})(?:\({_NUMERAL}\))?(?:\d{{1,3}})?(?:\(\d{{1,2}}\))?(?:·{_NUMERAL})?))$"
)

Locator = Annotated[str, StringConstraints(pattern=LOCATOR_PATTERN)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
PackName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$")]
CityDivision = Annotated[str, StringConstraints(pattern=r"^\d{4}$")]
Division = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]


def fen(amount: str) -> int:
    """A pack's money text in yuan (`"500000"`, `"0.50"`) as integer 分; ValueError when it is not exact to the 分."""
    if not _MONEY.fullmatch(amount):
        raise ValueError(f"not an amount in yuan with at most two decimals: {amount!r}")
    return int(Decimal(amount) * FEN_PER_YUAN)


def _money(value: Any) -> Any:
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise PydanticCustomError(
            "money_text",
            '金额必须写成带引号的元数，最多两位小数，不带千分位和单位，例如 "500000"，这样才能精确到分',
        )
    return value


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    raise PydanticCustomError("exact_number", '数值必须是整数，或者带引号的小数（例如 "12.5"），不能是浮点数')


def plain(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros, so that 40 and 40.0 hash alike."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _due(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return date.fromisoformat(value)
    is_date = isinstance(value, date) and not isinstance(value, datetime)
    is_year = isinstance(value, int) and not isinstance(value, bool) and value in _YEARS
    if value is None or is_date or is_year:
        return value
    raise PydanticCustomError("due_date", "时限必须是日期（2027-12-31）、年份（2027）或 null")


def _year(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and value in _YEARS:
        return value
    raise PydanticCustomError("year", "年份必须是四位整数，例如 2027")


def _fact(value: Any) -> Any:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    is_list = isinstance(value, list) and value and all(isinstance(item, str) and item for item in value)
    if is_count or is_list:
        return value
    raise PydanticCustomError("fact_value", "事实的取值必须是正整数，或者至少一项文字的列表")


def _decision(value: Any) -> Any:
    if isinstance(value, (str, int)) or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return value
    raise PydanticCustomError("decision_value", "决定的取值必须是文字、整数、true/false 或文字列表")


Money = Annotated[str, BeforeValidator(_money)]
ExactDecimal = Annotated[Decimal, BeforeValidator(_exact), PlainSerializer(plain, return_type=str, when_used="json")]
Due = Annotated[date | int | None, BeforeValidator(_due)]
Year = Annotated[int, BeforeValidator(_year)]
FactValue = Annotated[int | list[str], BeforeValidator(_fact)]
DecisionValue = Annotated[str | bool | int | list[str], BeforeValidator(_decision)]
