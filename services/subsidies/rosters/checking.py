"""From batches of a roster file to rows for the tables and faults for people. Pure but for the CPU it takes.

An identity number leaves this module only as its keyed hash and its masked form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from services.kernel.identifiers import ID_LENGTH, person_hasher
from services.kernel.workbooks import TableSpec
from services.kernel.workbooks.bulk import Batch, BulkChecker
from services.kernel.workbooks.bulk.checking import issue_frame
from services.subsidies.clients.registry import Member, RegistryFacts
from services.subsidies.domain import RosterKind, StudentStatus
from services.subsidies.rosters.columns import NO_RULE, choices_of, spec_of
from services.subsidies.rosters.repeated import Repeated
from services.subsidies.rosters.storing import TARGETS

PERSON_KEY_BYTES: Final = 16
"""128 bits of the HMAC: no two people meet by chance, and the narrow key keeps a roster of a million rows small."""

# The kernel's codes that this service's contract (docs/design.md §8) names otherwise.
_CODES: Final = {
    "uscc_invalid": "enterprise_uscc_invalid",
    "number_invalid": "value_not_allowed",
    "code_invalid": "value_not_allowed",
    "text_too_long": "value_not_allowed",
}
_UNKNOWN_SCHOOL: Final = "成员单位中没有这所学校，或名称对应多个单位；请核对名称，或改填统一社会信用代码。"
_NO_DAY: Final = "在籍状态为离校的，请填写离校日期。"
_NOT_LEFT: Final = "填写了离校日期，在籍状态应为离校；未离校的请清空离校日期。"
_TOO_EARLY: Final = "离校日期早于入学日期，请核对。"


@dataclass(frozen=True)
class CheckedRows:
    """A batch checked: `rows` for the table (with `line`), and every fault of the others in the order of the file."""

    batch: Batch
    rows: pl.DataFrame
    issues: pl.DataFrame

    @property
    def rejected(self) -> pl.Series:
        """The lines that are returned."""
        return self.issues["line"].unique()


class RosterChecker:
    """Checks the batches of one file in order; `rules` are the student rules' names and codes, `key` of the HMAC."""

    def __init__(self, kind: RosterKind, rules: Mapping[str, str], registry: RegistryFacts, key: bytes) -> None:
        self.kind = kind
        self.spec: TableSpec = spec_of(kind, choices_of(rules))
        self.cells = BulkChecker(self.spec)
        self._place = {column.field: place for place, column in enumerate(self.spec.columns)}
        self._units = _Units(registry)
        self._hashed = person_hasher(key)
        self._repeated = Repeated(TARGETS[kind].key)

    def check(self, batch: Batch) -> CheckedRows:
        """Every row is either taken in or returned, with all its faults."""
        checked = self.cells.check(batch)
        issues = checked.issues.with_columns(pl.col("code").replace(_CODES))
        sound = checked.values.join(issues.select("line").unique(), on="line", how="anti", maintain_order="left")
        students = self.kind is RosterKind.STUDENTS
        rows = self._students(sound) if students else self._classes(sound)
        complaints = self._complaints(rows)
        rows = rows.join(complaints.select("line").unique(), on="line", how="anti", maintain_order="left")
        again = self._again(rows, "id_number" if students else "class_code")
        rows = rows.join(again.select("line"), on="line", how="anti", maintain_order="left")
        everything = pl.concat([issues, complaints, again]).sort("line", "column", maintain_order=True)
        target = TARGETS[self.kind]
        return CheckedRows(batch, rows.select("line", *target.key, *target.columns), everything)

    def _students(self, sound: pl.DataFrame) -> pl.DataFrame:
        number = sound["id_number"]
        keys = [self._hashed(text)[:PERSON_KEY_BYTES] for text in number.to_list()]
        text = pl.col("id_number")
        return self._units.schools(sound).with_columns(
            pl.Series("person_key", keys, dtype=pl.Binary),
            (pl.col("name").str.slice(0, 1) + pl.col("name").str.slice(1).str.replace_all("(?s).", "*")).alias(
                "name_masked"
            ),
            (text.str.slice(0, 3) + "*" * (ID_LENGTH - 7) + text.str.slice(ID_LENGTH - 4)).alias("id_masked"),
            self._units.id_of("sending_school", sound).alias("sending_school"),
            self._units.name_of("sending_school", sound)
            .fill_null(sound["sending_school"])
            .alias("sending_school_name"),
            pl.col("claimed_rule").replace(NO_RULE, None),
        )

    def _classes(self, sound: pl.DataFrame) -> pl.DataFrame:
        enterprise, member = self._units.enterprises(sound)
        frame = self._units.schools(sound).rename({"year": "opening_year"})
        return frame.with_columns(enterprise.alias("enterprise"), member.alias("enterprise_member"))

    def _complaints(self, rows: pl.DataFrame) -> pl.DataFrame:
        found = [self._complaint(rows, pl.col("school").is_null(), "school", "school_unknown", _UNKNOWN_SCHOOL)]
        if self.kind is RosterKind.STUDENTS:
            left, day = pl.col("status") == StudentStatus.LEFT.value, pl.col("left_on")
            early = left & (day < pl.col("enrolled_on"))
            found += [
                self._complaint(rows, left & day.is_null(), "left_on", "left_on_missing", _NO_DAY),
                self._complaint(rows, ~left & day.is_not_null(), "status", "value_not_allowed", _NOT_LEFT),
                self._complaint(rows, early, "left_on", "date_invalid", _TOO_EARLY),
            ]
        return pl.concat(found)

    def _complaint(self, rows: pl.DataFrame, wrong: pl.Expr, field: str, code: str, text: str) -> pl.DataFrame:
        lines = rows.filter(wrong)["line"].to_list()
        return issue_frame([(line, self._place[field], code, text) for line in lines])

    def _again(self, rows: pl.DataFrame, field: str) -> pl.DataFrame:
        found = self._repeated.find(rows)
        place, code = self._place[field], "duplicate_in_file"
        return issue_frame([(line, place, code, f"与第 {first} 行重复，请只保留一行。") for line, first in found])


class _Units:
    """Looks each spelling of a unit up once: a roster repeats few schools many times."""

    def __init__(self, registry: RegistryFacts) -> None:
        self._registry = registry
        self._known: dict[str, Member | None] = {}

    def find(self, name: str) -> Member | None:
        if name not in self._known:
            self._known[name] = self._registry.find(name)
        return self._known[name]

    def schools(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`school` as the unit's id, null when it is not known, and its `school_name`."""
        names = self.name_of("school", frame).alias("school_name")
        return frame.with_columns(self.id_of("school", frame).alias("school"), names)

    def id_of(self, field: str, frame: pl.DataFrame) -> pl.Series:
        return self._looked_up(frame[field], lambda unit: str(unit.id))

    def name_of(self, field: str, frame: pl.DataFrame) -> pl.Series:
        return self._looked_up(frame[field], lambda unit: unit.name)

    def _looked_up(self, names: pl.Series, what: Callable[[Member], str]) -> pl.Series:
        found = {name: self.find(name) for name in names.drop_nulls().unique().to_list()}
        known = {name: what(unit) for name, unit in found.items() if unit is not None}
        old, new = (pl.Series(values, dtype=pl.String) for values in (list(known), list(known.values())))
        return names.replace_strict(old, new, default=None, return_dtype=pl.String)

    def enterprises(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """The enterprise's name, and its id when it is a member with this very 统一社会信用代码, or with none."""
        names, ids = [], []
        for name, code in frame.select("enterprise", "enterprise_uscc").iter_rows():
            unit = self.find(code) or self.find(name)
            same = unit is not None and unit.uscc in (None, code)
            names.append(unit.name if unit is not None and same else name)
            ids.append(str(unit.id) if unit is not None and same else None)
        return pl.Series(names, dtype=pl.String), pl.Series(ids, dtype=pl.String)
