"""Sentences for faults of fields, and for values that only the database refuses."""

import asyncio

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
