"""Sentences for faults of fields, and for values that only the database refuses."""

import asyncio
import json
from typing import Any, Literal

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import text

from services.kernel.database import Database
from services.kernel.messages import validation_message
from services.kernel.problems import install_problem_handlers
from tests.support.databases import TestServer
from tests.support.services import client_of


class Named(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def refuse(cls, value: str) -> str:
        raise PydanticCustomError("name_refused", "“{given}”不能用。", {"given": value})


def test_a_sentence_that_repeats_what_was_typed_may_hold_braces() -> None:
    for typed in ("{0}", "{nobody}", "{", "}{"):
        with pytest.raises(ValidationError) as caught:
            Named(name=typed)
        assert [validation_message(item) for item in caught.value.errors()] == [f"“{typed}”不能用。"]


class Wanted(BaseModel):
    kind: Literal["students", "classes"]
    digits: Literal[1, 2, 3]
    part: Named | None = None


@pytest.mark.parametrize(
    ("sent", "media", "told"),
    [
        (
            {"kind": "x", "digits": 9},
            "application/json",
            [
                ("kind", "literal_error", "不在可选范围内，可选：students、classes。"),
                ("digits", "literal_error", "不在可选范围内，可选：1、2、3。"),
            ],
        ),
        ('{"kind": ', "application/json", [("body", "json_invalid", "内容不是有效的 JSON。")]),
        ({"kind": "", "digits": 1}, "application/json", [("kind", "literal_error", "没有内容，请填写或选择。")]),
        ("", "application/json", [("body", "missing", "必填，请填写。")]),
        (
            '{"kind": "students", "digits": 1}',
            "application/x-www-form-urlencoded",
            [("body", "model_attributes_type", "应为 JSON 对象，并带 Content-Type: application/json。")],
        ),
        (
            {"kind": "students", "digits": 1, "part": 3},
            "application/json",
            [("part", "model_attributes_type", "应为 JSON 对象，并带 Content-Type: application/json。")],
        ),
    ],
)
def test_a_body_is_told_in_chinese_what_is_wrong_and_where(
    sent: str | dict[str, Any], media: str, told: list[tuple[str, str, str]]
) -> None:
    app = FastAPI()
    install_problem_handlers(app)

    @app.post("/")
    async def take(wanted: Wanted) -> None:
        raise AssertionError(wanted)

    async def body() -> list[tuple[str, str, str]]:
        content = sent if isinstance(sent, str) else json.dumps(sent)
        async with client_of(app) as http:
            answer = await http.post("/", content=content, headers={"Content-Type": media})
        assert answer.status_code == 422
        return [(e["field"], e["code"], e["message"]) for e in answer.json()["errors"]]

    assert asyncio.run(body()) == told


def test_a_value_that_the_database_cannot_take_is_the_callers_to_mend(server: TestServer) -> None:
    url = server.service_url("registry")

    async def body() -> None:
        database = Database(url)
        app = FastAPI()
        install_problem_handlers(app)

        @app.get("/write")
        async def write(kind: str) -> None:
            values = {"nul": "a\x00b", "surrogate": "\ud800", "long": "x" * 99}
            statement = text("SELECT CAST(:value AS varchar)") if kind != "long" else LONG
            async with database.write("anqing") as session:
                await session.execute(statement, {"value": values[kind]})

        @app.get("/fault")
        async def fault() -> None:
            async with database.read("anqing") as session:
                await session.execute(text("SELECT 1 / 0"))

        async with client_of(app) as http:
            for kind in ("nul", "surrogate", "long"):
                answer = await http.get("/write", params={"kind": kind})
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), answer.text
                assert answer.headers["content-type"] == "application/problem+json"
            assert (await http.get("/fault")).status_code == 500  # a fault of ours stays one
        await database.close()

    asyncio.run(body())


LONG = text("INSERT INTO snapshot VALUES ('anqing', :value, '1', now(), '{}')")
