"""Uploads that are answered at once: under a key they are taken once, and a body of another kind is only refused."""

import pytest

from tests.registry.conftest import BASE, Caller, Registry
from tests.registry.rooms import school, send, table_of

MAJORS = table_of(["学校", "专业代码", "专业名称"], ["甲校", "660301", "机电技术应用"])


@pytest.mark.parametrize(
    "path", ["/majors/import", "/teachers/import", "/catalogues/majors/versions", "/change-sets?kind=members"]
)
def test_a_form_without_a_file_is_refused_also_under_a_key(registry: Registry, path: str) -> None:
    async def scenario(caller: Caller) -> None:
        named = {"Idempotency-Key": "k", "Content-Type": "application/x-www-form-urlencoded"}
        answer = await caller.http.post(BASE + path, content=b"", headers={**caller.headers, **named})
        assert answer.status_code == 422, answer.text

    registry.run(scenario)


def test_the_same_file_under_one_key_is_taken_once(registry: Registry) -> None:
    async def scenario(caller: Caller) -> None:
        await school(caller, "甲校")
        caller.headers["Idempotency-Key"] = "k"
        first, again = [await send(caller, "/majors/import", MAJORS) for _ in range(2)]
        assert (first.json()["created"], again.json()) == (1, first.json())
        assert again.headers["Idempotent-Replay"] == "true"
        other = await send(caller, "/majors/import", MAJORS + b"\r\n")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")

    registry.run(scenario)
