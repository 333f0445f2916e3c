"""How values are written for people: amounts, dates, numbers, lights, states. Jinja filters and plain functions.

In hot loops (table rows) call these, not macros: a macro call per cell costs more than the cell.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup, escape

from services.kernel.clock import BUSINESS_ZONE
from services.kernel.permissions import ROLE_LABELS, Role

NOTHING: Final = "—"
FEN_PER_YUAN = 100

# Colour, word, shape: never colour alone (WCAG 2.1, 1.4.1). 绿 on schedule, 蓝 near due, 黄 behind, 红 overdue.
LIGHTS: Final[dict[str, tuple[str, str]]] = {
    "green": ("正常", "circle"),
    "blue": ("临期", "diamond"),
    "yellow": ("滞后", "triangle"),
    "red": ("逾期", "square"),
    "grey": ("未定", "ring"),
}
LIGHT_SHAPES: Final = {
    "circle": Markup('<circle cx="8" cy="8" r="6"/>'),
    "diamond": Markup('<path d="M8 1 15 8 8 15 1 8z"/>'),
    "triangle": Markup('<path d="M8 1.5 15 14.5H1z"/>'),
    "square": Markup('<rect x="2" y="2" width="12" height="12" rx="1"/>'),
    "ring": Markup('<circle cx="8" cy="8" r="5.2" fill="none" stroke="currentColor" stroke-width="2"/>'),
}
# Words for the states that services use; a page passes its own table where its words differ.
STATES: Final[dict[str, tuple[str, str]]] = {
    "draft": ("草稿", "secondary"),
    "open": ("待办", "info"),
    "submitted": ("已提交", "info"),
    "returned": ("已退回", "warning"),
    "accepted": ("已受理", "success"),
    "rejected": ("不予受理", "danger"),
    "withdrawn": ("已撤回", "secondary"),
    "queued": ("排队中", "secondary"),
    "running": ("进行中", "info"),
    "succeeded": ("已完成", "success"),
    "failed": ("失败", "danger"),
    "done": ("已办", "success"),
    "overdue": ("逾期", "danger"),
    "active": ("正常", "success"),
    "suspended": ("暂停", "warning"),
    "closed": ("已关闭", "secondary"),
    "payable": ("应付", "success"),
    "excluded": ("不计", "secondary"),
    "within_pool": ("资金池内", "success"),
    "above_pool": ("超出资金池", "warning"),
}


def fen_of(value: Any) -> int | None:
    """An amount in 分: an int is 分 already; Decimal and str are 元 and are rounded half up to 分.

    None and "" are None. Raises TypeError for any other type, floats included (money is never a float), and
    ValueError for a text that is no number.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool | float) or not isinstance(value, int | Decimal | str):
        raise TypeError(f"an amount is int 分, Decimal 元 or str 元, not {type(value).__name__}")
    if isinstance(value, int):
        return value
    try:
        yuan = Decimal(value)
    except InvalidOperation as error:
        raise ValueError("an amount in 元 must be a decimal number") from error
    return int((yuan * FEN_PER_YUAN).quantize(Decimal(1), ROUND_HALF_UP))


def yuan_text(fen: int) -> str:
    """`123456700` as `1,234,567.00`."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // FEN_PER_YUAN:,}.{abs(fen) % FEN_PER_YUAN:02d}"


def amount(value: Any, unit: bool = True) -> Markup:
    """An amount as `1,234,567.00 元`; the page's 元/万元 switch rewrites it from the exact 分 it carries."""
    fen = fen_of(value)
    if fen is None:
        return escape(NOTHING)
    tail = Markup('&nbsp;<span data-unit="">元</span>') if unit else ""
    return Markup('<span class="amount" data-fen="{}"><span data-figure="">{}</span>{}</span>').format(
        fen, yuan_text(fen), tail
    )


def _as_date(value: Any) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(BUSINESS_ZONE).date()
    return value if isinstance(value, date) else None


def date_cn(value: Any) -> str:
    """A date, instant or ISO string as `2026年11月21日` in Asia/Shanghai; nothing becomes a dash."""
    day = _as_date(value)
    return f"{day.year}年{day.month}月{day.day}日" if day else NOTHING


def last_day(until_date: str | None) -> str | None:
    """The day before an exclusive end, as agreements are written; nothing for what has no end."""
    return (date.fromisoformat(until_date) - timedelta(days=1)).isoformat() if until_date else None


def datetime_cn(value: Any) -> str:
    """An instant or ISO string as `2026年11月21日 14:05` in Asia/Shanghai."""
    if isinstance(value, str) and value:
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return date_cn(value)
    local = value.astimezone(BUSINESS_ZONE)
    return f"{date_cn(local)} {local:%H:%M}"


def number(value: Any, places: int | None = None) -> str:
    """A number with thousands separators; `places` fixes the decimals, else trailing zeros go."""
    if value is None or value == "":
        return NOTHING
    exact = Decimal(str(value))
    return f"{exact:,.{places}f}" if places is not None else f"{exact.normalize():,f}"


def percent(value: Any, places: int = 1) -> str:
    """A ratio (0.42) as `42.0%`."""
    if value is None or value == "":
        return NOTHING
    return f"{Decimal(str(value)) * 100:.{places}f}%"


def percent_of(part: Any, whole: Any) -> str:
    """How much of `whole` is `part`, from 0 to 100, for widths of bars (`12.34`)."""
    total = Decimal(str(whole or 0))
    if total <= 0:
        return "0"
    return f"{max(Decimal(0), min(Decimal(100), Decimal(str(part or 0)) * 100 / total)):.2f}"


def light(colour: str | None, label: str | None = None) -> Markup:
    """A traffic light `green|blue|yellow|red|grey` with its word (or `label`) and its own shape."""
    name = colour if colour in LIGHTS else "grey"
    word, shape = LIGHTS[name or "grey"]
    return Markup('<span class="light light-{}"><svg viewBox="0 0 16 16" aria-hidden="true">{}</svg>{}</span>').format(
        name, LIGHT_SHAPES[shape], label or word
    )


def status_badge(state: str | None, labels: Mapping[str, str | tuple[str, str]] | None = None) -> Markup:
    """A state as a word in a tinted box. `labels` maps a state to its word, or to (word, tone).

    Tones: success, info, warning, danger, secondary. An unknown state is shown as it is, untinted.
    """
    if not state:
        return escape(NOTHING)
    known = (labels or {}).get(state) or STATES.get(state) or (state, "secondary")
    word, tone = (known, STATES.get(state, ("", "secondary"))[1]) if isinstance(known, str) else known
    return Markup('<span class="status status-{}">{}</span>').format(tone, word)


def citation(pack: str, article: str, label: str | None = None) -> Markup:
    """A chip that opens the article in the dialog; the macro of the same name adds an icon for single use."""
    url = f"/citations/{quote(pack, safe='')}/{quote(article, safe='')}"
    return Markup(
        '<a class="citation" href="{0}" hx-get="{0}" hx-target="#dialog-body" hx-swap="innerHTML"'
        ' title="查看文件依据">{1}</a>'
    ).format(url, label or article)


def role_label(role: str) -> str:
    """The Chinese name of a role."""
    return ROLE_LABELS[Role(role)] if role in {*Role} else role


def on_day(address: str, as_of: Any) -> str:
    """A page's address for the day that is looked at; the plain one where that is today."""
    return f"{address}{'&' if '?' in address else '?'}as_of={quote(str(as_of), safe='')}" if as_of else address


def day_asked(as_of: Any) -> str:
    """The day of an address in words; services take more spellings of a day than pages, which repeat those as asked."""
    try:
        return date_cn(as_of)
    except ValueError:
        return str(as_of)


def note_of_day(as_of: Any) -> str:
    """What a list or page that shows an earlier day says of itself."""
    return f"显示 {day_asked(as_of)} 的情况，不能修改。"


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "amount": amount,
    "date_cn": date_cn,
    "datetime_cn": datetime_cn,
    "number": number,
    "percent": percent,
    "percent_of": percent_of,
    "light": light,
    "status_badge": status_badge,
    "role_label": role_label,
    "on_day": on_day,
    "day_asked": day_asked,
    "note_of_day": note_of_day,
    "last_day": last_day,
}
