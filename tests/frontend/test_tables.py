"""List pages: what is asked of the service, what a cell says, where sorting and paging lead."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from frontend.filters import on_day
from frontend.tables import TRAIL_LENGTH, Batch, Column, Filter, Table, TableView, fill, read

TABLE = Table(
    id="members",
    path="/members",
    caption="成员单位",
    columns=(
        Column("name", "名称", sort="name", link="/members/{id}"),
        Column("school.name", "学校"),
        Column("granted", "金额", "amount", sort="granted"),
        Column("category", "类别", labels={"enterprise": "企业"}),
        Column("state", "状态", "status", labels={"ok": ("正常", "success")}),
        Column("rate", "比例", "percent"),
        Column("due_on", "期限", "date"),
        Column("id", "操作", render=lambda row: row["name"] + "！"),
    ),
    filters=(Filter("q", "名称"), Filter("category", "类别", "select", (("enterprise", "企业"),))),
    batch=(Batch("催办", "/members/nudge"),),
    export="/members/export",
    default_sort="name",
    limit=10,
)
ROW = {
    "id": "a/b",
    "name": "甲 <b>",
    "school": {"name": "某校"},
    "granted": 100,
    "category": "enterprise",
    "state": "ok",
    "rate": "0.4",
    "due_on": "2026-11-21",
}


def asking(**query: str) -> Request:
    scope = {"type": "http", "method": "GET", "path": "/members", "headers": []}
    return Request({**scope, "query_string": urlencode(query).encode()})


def view(query: dict[str, str] | None = None, *, rows: int = 10, more: str | None = "c1", **options: Any) -> TableView:
    answer = {"items": [ROW] * rows, "next_cursor": more, "total": 25}
    return TABLE.view(asking(**(query or {})), answer, **options)


def query_of(url: str | None) -> dict[str, str]:
    assert url is not None
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def test_the_service_is_asked_for_what_is_filled_in_only() -> None:
    asked = TABLE.params(asking(q=" 学院 ", category="", cursor="c9", unknown="x", n="11"))
    assert asked == {"limit": 10, "q": "学院", "sort": "name", "cursor": "c9"}
    assert TABLE.params(asking(sort="-granted"))["sort"] == "-granted"


def test_each_kind_of_cell() -> None:
    cells = [str(column.cell(ROW)) for column in TABLE.columns]
    assert cells[0] == '<a href="/members/a%2Fb">甲 &lt;b&gt;</a>'
    assert cells[1] == "某校"
    assert 'data-fen="100"' in cells[2]
    assert cells[3] == "企业"
    assert "status-success" in cells[4]
    assert "正常" in cells[4]
    assert cells[5] == "40.0%"
    assert cells[6] == "2026年11月21日"
    assert cells[7] == "甲 &lt;b&gt;！"


def test_missing_values_are_dashes_without_a_link() -> None:
    empty: dict[str, Any] = {"id": "1", "name": None}
    assert [str(column.cell(empty)) for column in TABLE.columns[:7]] == ["—"] * 7


@given(st.text(max_size=20))
def test_whatever_a_row_holds_is_escaped(text: str) -> None:
    html = str(Column("name", "名称", link="/x/{name}").cell({"name": text}))
    assert html.count("<") in (0, 2)
    assert "<script" not in html.lower()


def test_rows_may_be_objects() -> None:
    class Row:
        name = "甲"

    assert read(Row(), "name") == "甲"
    assert read(Row(), "name.more") is None
    assert fill("/a/{name}/b", Row()) == "/a/%E7%94%B2/b"
    assert fill("/plain", Row()) == "/plain"


def test_paging_forward_and_back_returns_to_the_same_pages() -> None:
    first = view({"q": "院"})
    assert first.previous_url is None
    assert (first.first, first.last) == (1, 10)
    second = view(query_of(first.next_url), more="c2")
    assert (second.first, second.cursor, second.query["q"]) == (11, "c1", "院")
    third = view(query_of(second.next_url), rows=5, more=None)
    assert (third.first, third.last, third.next_url) == (21, 25, None)
    back = view(query_of(third.previous_url), more="c2")
    assert (back.first, back.cursor, back.trail) == (11, "c1", second.trail)
    assert query_of(back.previous_url) == {"q": "院", "sort": "name"}
    assert query_of(third.first_url) == {"q": "院", "sort": "name"}


def test_the_trail_does_not_grow_for_ever() -> None:
    page = view()
    for number in range(60):
        page = view(query_of(page.next_url), more=f"c{number}")
    assert len(page.trail) == TRAIL_LENGTH
    assert page.first == 601


@pytest.mark.parametrize("n", ["-5", "x", "", "9" * 30, "9" * 5000, "１", "²"])
def test_a_meddled_row_number_is_harmless(n: str) -> None:
    assert view({"cursor": "c1", "n": n}).first == 1


def test_sort_links_turn_round() -> None:
    name, granted = TABLE.columns[0], TABLE.columns[2]
    assert view().sort_link(name).state == "ascending"
    assert query_of(view().sort_link(name).url)["sort"] == "-name"
    assert view({"sort": "-name"}).sort_link(name).state == "descending"
    assert view().sort_link(granted).state == "none"
    assert "cursor" not in view({"cursor": "c1"}).sort_link(granted).url


def test_an_export_takes_the_query_and_not_the_page() -> None:
    assert query_of(view({"q": "院", "cursor": "c1"}).export_url) == {"q": "院", "sort": "name"}
    plain = Table(id="x", path="/x", caption="x", columns=())
    assert plain.view(asking(), {"items": []}).export_url is None


def test_totals_are_written_as_their_column() -> None:
    shown = view(totals={"granted": 12345, "name": "—"})
    assert 'data-fen="12345"' in shown.total_cell(TABLE.columns[2])
    assert shown.total_cell(TABLE.columns[3]) == ""
    assert view().total_cell(TABLE.columns[2]) == ""


def test_a_view_may_replace_what_depends_on_the_person() -> None:
    shown = view(batch=(), filters=(Filter("year", "年度"),))
    assert shown.table.batch == ()
    assert [f.name for f in shown.table.filters] == ["year"]
    assert TABLE.batch != ()
    assert shown.width == len(TABLE.columns) + 1


def test_filtered_is_told_apart_from_sorted() -> None:
    assert not view({"sort": "name"}).filtered
    assert view({"q": "院"}).filtered


def test_links_of_a_list_that_shows_a_day_lead_to_that_day() -> None:
    dated = replace(TABLE, filters=(*TABLE.filters, Filter("as_of", "截至日期", "date")))
    answer = {"items": [ROW], "next_cursor": "c1", "total": 25}
    then = dated.view(asking(as_of=" 2025-06-01 ", q="甲"), answer)
    name = then.table.columns[0].cell(ROW)
    assert 'href="/members/a%2Fb?as_of=2025-06-01"' in name
    for url in (then.next_url, then.export_url, then.sort_link(then.table.columns[0]).url):
        assert query_of(url)["as_of"] == "2025-06-01"
    assert dated.view(asking(), answer).table.columns[0].link == "/members/{id}"
    undated = TABLE.view(asking(as_of="2025-06-01"), answer)  # a list that cannot show a day
    assert undated.table.columns[0].link == "/members/{id}"


@given(st.text(min_size=1, max_size=20), st.sampled_from(["/members", "/coverage?by=school"]))
def test_a_day_is_one_parameter_whatever_it_holds(day: str, path: str) -> None:
    kept = query_of(on_day(path, day))
    assert kept.pop("as_of") == day
    assert kept == (query_of(path) if "?" in path else {})
    assert on_day(path, "") == on_day(path, None) == path
