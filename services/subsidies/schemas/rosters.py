"""Rosters on the wire: imports, students, classes, and the summary of a year."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.subsidies.domain import ImportMode, ImportState, RosterKind, StudentStatus


class IssueRead(BaseModel):
    """One fault of one cell; `line` counts from 1 as the spreadsheet does."""

    line: int
    field: str
    header: str
    code: str
    message: str


class RejectRead(BaseModel):
    """One fault of one returned row. `line` is the line of the file, for a JSON array the number of the object."""

    line: int
    field: str = Field(description="字段名；整行无法读取时为 row", examples=["id_number"])
    header: str = Field(examples=["身份证号"])
    code: str = Field(examples=["id_number_invalid"])
    message: str = Field(examples=["身份证号不正确（位数、出生日期或校验位有误），请核对证件后重填。"])


class WarningRead(BaseModel):
    """What an import left out without refusing it, told once a file."""

    code: str = Field(examples=["field_unknown"])
    field: str = Field(examples=["xb"])
    message: str


class RosterImportRead(BaseModel):
    """One uploaded roster file and what became of it. `issues` holds the first 200 faults, `rejected-rows` all."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "7f6c1f0e-55a5-4a4e-9a57-6f2f0a3a3b11",
                "kind": "students",
                "kind_label": "学生名册",
                "year": 2025,
                "owner": "division:340822",
                "owner_name": "怀宁县",
                "file_name": "340822-students-2025.xlsx",
                "state": "done",
                "state_label": "已导入",
                "job": "0d3f6a34-18a2-4c63-9c33-0f0a4a0f8f53",
                "format": "table",
                "mode": "accept_good",
                "bytes": 96154,
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "total_rows": 812,
                "accepted_rows": 808,
                "new_rows": 808,
                "changed_rows": 0,
                "unchanged_rows": 0,
                "rejected_rows": 4,
                "fault_count": 5,
                "warnings": [],
                "issues": [
                    {
                        "line": 17,
                        "field": "id_number",
                        "header": "身份证号",
                        "code": "id_number_invalid",
                        "message": "身份证号不正确（位数、出生日期或校验位有误），请核对证件后重填。",
                    }
                ],
                "has_rejects": True,
                "rejects_until": "2025-12-31T04:00:00Z",
                "sequence": 3,
                "registry_as_of": "2025-12-01T03:58:00Z",
                "registry_fresh": True,
                "failure": None,
                "created_at": "2025-12-01T04:00:00Z",
                "created_by_name": "怀宁县教育局",
                "finished_at": "2025-12-01T04:00:02Z",
            }
        }
    )

    id: UUID
    kind: RosterKind
    kind_label: str
    year: int
    owner: str
    owner_name: str
    file_name: str
    state: ImportState
    state_label: str
    job: UUID | None = Field(description="后台任务，见 /jobs/{id}")
    format: str = Field(description="table（.xlsx 或 .csv）、json、ndjson")
    mode: ImportMode
    bytes: int
    sha256: str | None = Field(description="所发文件的 SHA-256")
    total_rows: int
    accepted_rows: int = Field(description="新增、修改和未变之和")
    new_rows: int
    changed_rows: int
    unchanged_rows: int
    rejected_rows: int
    fault_count: int = Field(description="退回的行共有几处错误，逐条见 rejected-rows")
    warnings: list[WarningRead]
    issues: list[IssueRead]
    has_rejects: bool = Field(description="是否有退回行工作簿可下载（errors.xlsx，保存 30 天，最多 20000 行）")
    rejects_until: datetime | None
    sequence: int | None = Field(description="本次导入产生的名册序号；没有变化时为空")
    registry_as_of: datetime | None = Field(description="核对所用登记信息的时点")
    registry_fresh: bool | None = Field(description="登记服务当时是否应答；否则按最近一次登记信息核对")
    failure: str | None
    created_at: datetime
    created_by_name: str
    finished_at: datetime | None


class JobAccepted(BaseModel):
    """A job was queued; `Location` names it too."""

    job: UUID
    id: UUID = Field(description="所建对象的编号：导入或结算")


class ImportAccepted(JobAccepted):
    """A roster was taken. The same file again is not taken in twice: the answer is what became of it before."""

    repeated: bool = Field(default=False, description="同一文件已经报送过，这里是上一次的导入")
    outcome: RosterImportRead | None = Field(default=None, description="上一次导入的结果；仍在处理时为空")


class StudentRead(BaseModel):
    """One student row, masked: the identity number itself is kept nowhere."""

    no: int
    year: int
    owner: str
    owner_name: str
    name: str = Field(examples=["王**"])
    id_number: str = Field(examples=["340***********001X"])
    enrolment_year: int
    school: UUID
    school_name: str
    major: str
    class_code: str | None
    enrolled_on: date
    origin_division: str
    origin_name: str | None
    sending_school: UUID | None
    sending_school_name: str | None
    status: StudentStatus
    status_label: str
    left_on: date | None
    claimed_rule: str | None
    claimed_rule_name: str
    sequence: int = Field(description="记录这一行的名册序号")


class ClassRead(BaseModel):
    """One class run with an enterprise; `score` is 0 to 100."""

    no: int
    year: int
    owner: str
    owner_name: str
    class_code: str
    class_name: str
    school: UUID
    school_name: str
    major: str
    opening_year: int
    opened_on: date
    format: str
    enterprise: str
    enterprise_member: UUID | None
    enterprise_uscc: str
    enterprise_division: str
    enterprise_division_name: str | None
    enterprise_size: str | None
    enterprise_size_label: str | None
    size_evidence: str | None
    score: Decimal | None
    sequence: int


class SchoolCountRead(BaseModel):
    """One school on one owner's rosters: rows, of which left, and rows by claimed rule."""

    owner: str
    owner_name: str
    school: UUID
    school_name: str
    students: int
    left: int
    claimed: dict[str, int] = Field(examples=[{"sending_award": 312, "cross_city_enrolment": 67}])
    classes: int


class RosterSummaryRead(BaseModel):
    """The rosters of a year in numbers."""

    year: int
    sequence: int
    last_import_at: datetime | None
    students: int
    classes: int
    schools: list[SchoolCountRead]


class HeadcountRead(BaseModel):
    """The distinct students of one class of one school on a day, and when their newest roster was taken in."""

    school: UUID
    class_code: str
    day: date
    headcount: int
    taken_in_at: datetime | None
