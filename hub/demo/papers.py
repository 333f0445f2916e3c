"""A file that hangs on a record of the demonstration: a list of equipment, made here and said to be made up."""

import io
from typing import Final

import xlsxwriter

from hub.demo.caller import REGISTRY, Caller
from hub.demo.templates import MADE_AT

EQUIPMENT: Final = (
    ("设备名称", "数量", "单位"),
    ("示例整车检测台", 2, "台"),
    ("示例发动机拆装台", 12, "台"),
    ("示例故障诊断仪", 20, "套"),
)


async def attached(caller: Caller, kind: str, subject: str, file_name: str) -> None:
    """Hang the list on a record, unless a file of that name hangs there."""
    path = f"{REGISTRY}/attachments"
    standing = (await caller.get(path, subject_kind=kind, subject=subject))["items"]
    if all(one["file_name"] != file_name for one in standing):
        await caller.hand_in(path, equipment_list(), subject_kind=kind, subject=subject, file_name=file_name)


def equipment_list() -> bytes:
    """The workbook; the same bytes each time."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        book.set_properties({"title": "设备清单（演示）", "created": MADE_AT})
        sheet = book.add_worksheet("设备清单")
        for line, cells in enumerate(EQUIPMENT):
            sheet.write_row(line, 0, cells)
    return made.getvalue()
