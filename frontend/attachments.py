"""Attachments of any record, as pages show them: what is there, what may be added, and what became of an upload.

A page shows them by one line, `{{ attachment_list("agreement", found.id) }}` from `attachments/_list.html`; they are
then fetched by the browser, and without script stand on a page of their own.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request

from frontend.gateway_client import ApiProblem, BoundGateway, Params

API: Final = "/api/registry/v1/attachments"
MOST: Final = 200
REFUSALS: Final = {400, 404, 409, 413, 415, 422}
WORDS: Final = {
    "application/pdf": "PDF",
    "image/jpeg": "图片",
    "image/png": "图片",
    "application/ofd": "OFD",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
}


@dataclass(frozen=True)
class Refused:
    """A file that was not taken, and the service's sentence about it."""

    file_name: str
    sentence: str


NOTHING_CHOSEN: Final = Refused("", "请选择要上传的文件。")


def size_words(size: int) -> str:
    """A size as people write it: `12 KB`, `3.4 MB`."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.0f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB".replace(".0 ", " ")


async def attachments_of(
    gateway: BoundGateway, subject_kind: str, subject: UUID, as_of: str | None = None
) -> dict[str, Any]:
    """What the panel of a record shows."""
    asked: Params = {"subject_kind": subject_kind, "subject": str(subject), "limit": MOST, "as_of": as_of}
    found = (await gateway.get(API, asked)).data
    return {
        "rows": [shown_file(one) for one in found["items"]],
        "title": found["title"],
        "href": found["href"],
        "may_add": found["may_add"],
        "accept": ",".join(f".{ending}" for ending in found["endings"]),
        "limit_words": size_words(found["limit_bytes"]),
        "limit_files": found["limit_files"],
        "subject_kind": subject_kind,
        "subject": str(subject),
        "base": f"/attachments/{subject_kind}/{subject}",
        "as_of": as_of or "",
    }


async def send_files(
    gateway: BoundGateway, subject_kind: str, subject: UUID, files: Sequence[UploadFile], key: str
) -> list[Refused]:
    """Pass the chosen files on, one after the other; returns those that were refused, the others are kept."""
    about = {"subject_kind": subject_kind, "subject": str(subject)}

    async def send(place: int, name: str, file: UploadFile) -> None:
        await gateway.upload(API, file.file, filename=name, params=about, idempotency_key=f"{key}-{place}")

    return await send_each(files, send, REFUSALS)


async def send_each(
    files: Sequence[UploadFile], send: Callable[[int, str, UploadFile], Awaitable[None]], refusals: Collection[int]
) -> list[Refused]:
    """Send files one after the other; returns those that were refused with one of these statuses."""
    refused = []
    for place, file in enumerate(files):
        name = file.filename or ""
        try:
            await send(place, name, file)
        except ApiProblem as problem:
            if problem.status not in refusals:
                raise
            sentence = "；".join(issue.message for issue in problem.errors) or problem.detail
            refused.append(Refused(name, sentence))
    return refused


async def chosen_files(request: Request, name: str = "files") -> list[UploadFile]:
    """The files that were chosen in a form; a field left empty holds none."""
    form = await request.form()
    return [file for file in form.getlist(name) if isinstance(file, UploadFile) and file.filename]


def shown_file(one: Mapping[str, Any]) -> dict[str, Any]:
    """A file's record with its size and type as people read them."""
    return {**one, "size_words": size_words(one["size"]), "type_words": WORDS.get(one["content_type"], "文件")}
