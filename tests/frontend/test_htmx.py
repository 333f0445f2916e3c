"""htmx's request headers and the answers it understands."""

import json
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from frontend.htmx import (
    HtmxDetails,
    hx_push_url,
    hx_redirect,
    hx_retarget,
    hx_trigger,
    redirect,
    safe_next,
    toast,
)


def request_with(**headers: str) -> Request:
    raw = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


def test_a_plain_request_wants_the_page() -> None:
    details = HtmxDetails.of(request_with())
    assert details == HtmxDetails()
    assert not details.wants_fragment
    assert details.current_path == "/"


def test_an_htmx_request_wants_the_fragment() -> None:
    details = HtmxDetails.of(
        request_with(
            HX_Request="true", HX_Target="members", HX_Trigger="members-search", HX_Trigger_Name="q", HX_Prompt="x"
        )
    )
    assert details.wants_fragment
    assert (details.target, details.trigger, details.trigger_name, details.prompt) == (
        "members",
        "members-search",
        "q",
        "x",
    )


@pytest.mark.parametrize("name", ["HX_Boosted", "HX_History_Restore_Request"])
def test_boosted_and_restored_requests_want_the_page(name: str) -> None:
    assert not HtmxDetails.of(request_with(HX_Request="true", **{name: "true"})).wants_fragment


def test_encoded_headers_are_decoded() -> None:
    details = HtmxDetails.of(
        request_with(HX_Current_URL="https://h/%E9%A1%B5?a=1", HX_Current_URL_URI_AutoEncoded="true")
    )
    assert details.current_url == "https://h/页?a=1"
    assert details.current_path == "/页?a=1"


@given(st.text(max_size=60))
def test_the_next_path_is_always_a_local_one(text: str) -> None:
    path = safe_next(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert not any(ord(letter) < 32 for letter in path)


@given(st.from_regex(r"/[a-z0-9/_?=&-]{0,40}", fullmatch=True))
def test_local_paths_are_kept(path: str) -> None:
    assert safe_next(path) == (path if not path.startswith(("//", "/login")) else "/")


def test_a_plain_redirect_is_a_303_and_an_htmx_one_a_header() -> None:
    plain = redirect(request_with(), "/members")
    moved = redirect(request_with(HX_Request="true"), "/members?q=学院")
    assert (plain.status_code, plain.headers["Location"]) == (303, "/members")
    assert moved.status_code == 204
    assert moved.headers["HX-Redirect"] == "/members?q=%E5%AD%A6%E9%99%A2"
    assert plain.headers["Vary"] == moved.headers["Vary"] == "HX-Request"


def test_a_redirect_carries_its_toast_in_a_short_lived_cookie() -> None:
    response = redirect(request_with(), "/", toast="已保存；共 3 条", level="warning")
    cookie = response.headers["Set-Cookie"]
    value = cookie.split("hub_toast=")[1].split(";")[0]
    assert json.loads(unquote(value)) == {"level": "warning", "message": "已保存；共 3 条"}
    assert "Max-Age=30" in cookie


def test_triggers_add_up_and_stay_ascii() -> None:
    response = Response()
    hx_trigger(response, "hub:job-done", {"id": "1"})
    toast(response, "已完成")
    assert response.headers["HX-Trigger"].isascii()
    assert json.loads(response.headers["HX-Trigger"]) == {
        "hub:job-done": {"id": "1"},
        "hub:toast": {"level": "success", "message": "已完成"},
    }


def test_the_other_headers() -> None:
    response = Response()
    hx_redirect(response, "/a b")
    hx_retarget(response, "#page-problem")
    hx_push_url(response, "/members?类别=企业")
    assert response.headers["HX-Redirect"] == "/a%20b"
    assert (response.headers["HX-Retarget"], response.headers["HX-Reswap"]) == ("#page-problem", "innerHTML")
    assert response.headers["HX-Push-Url"].isascii()
