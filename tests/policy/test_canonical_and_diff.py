"""Equal content has an equal hash; a diff is empty exactly when nothing changed, and applied it gives the new value."""

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.policy.canonical import canonical_json, pack_part, pack_parts, sha256_of
from services.kernel.policy.check import check_pack
from services.kernel.policy.diff import ORDER, Change, diff_against, diff_parts, render_changes
from services.kernel.policy.models import PolicyPack, part_from_payload
from services.kernel.policy.vocabulary import PARTS, PartName
from tests.policy.packs import ANQING, PackCopy

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab=/~#", max_size=3)
named = st.fixed_dictionaries({"code": st.sampled_from("abcd")}, optional={"name": scalars, "value": scalars})
named_lists = st.lists(named, max_size=4, unique_by=lambda item: item["code"])
values = st.recursive(
    scalars | named_lists,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~=", max_size=2), inner, max_size=3),
    max_leaves=12,
)
payloads = st.dictionaries(st.text("abc/~", min_size=1, max_size=2), values, max_size=4)


def pack() -> PolicyPack:
    found = check_pack(ANQING).pack
    assert found is not None
    return found


def applied(found: PolicyPack) -> dict[str, Any]:
    return {part.part: part.payload for part in pack_parts(found)}


def apply_changes(old: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    """What a reader of the changes would do by hand; written here so that it shares nothing with the diff."""
    root: dict[str, Any] = {"root": copy.deepcopy(old)}
    for change in changes:
        segments = [s.replace("~1", "/").replace("~0", "~") for s in ("/root" + change.path).split("/")[1:]]
        node: Any = root
        for segment in segments[:-1]:
            node = node[index_of(node, segment)]
        change_one(node, segments[-1], change)
    return dict(root["root"])


def index_of(node: Any, segment: str) -> Any:
    if isinstance(node, dict):
        return segment
    key, _, name = segment.partition("=")
    return int(segment) if segment.isdigit() else [str(item[key]) for item in node].index(name)


def change_one(node: Any, last: str, change: Change) -> None:
    if last == ORDER and isinstance(node, list):
        key = next(k for k in ("code", "id", "field", "from", "year") if [str(i.get(k)) for i in node] == change.old)
        node.sort(key=lambda item: change.new.index(str(item[key])))
    elif change.kind == "removed":
        del node[index_of(node, last)]
    elif change.kind == "added" and isinstance(node, list):
        node.append(copy.deepcopy(change.new))
    else:
        node[index_of(node, last)] = copy.deepcopy(change.new)


def shuffled(value: Any, source: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        source.shuffle(keys)
        return {key: shuffled(value[key], source) for key in keys}
    return [shuffled(item, source) for item in value] if isinstance(value, list) else value


@given(payloads, st.randoms(use_true_random=False))
def test_hash_does_not_depend_on_the_order_of_keys(value: dict[str, Any], source: random.Random) -> None:
    assert sha256_of(shuffled(value, source)) == sha256_of(value)


@given(payloads, payloads)
def test_hashes_differ_exactly_when_contents_do(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (sha256_of(one) == sha256_of(other)) == (canonical_json(one) == canonical_json(other))


@given(payloads, payloads)
def test_applying_the_diff_gives_the_new_value(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert canonical_json(apply_changes(old, diff_parts(old, new))) == canonical_json(new)


@given(payloads, payloads)
def test_diff_is_empty_exactly_when_equal(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert (diff_parts(old, new) == []) == (canonical_json(old) == canonical_json(new))


@given(st.fixed_dictionaries({"rules": named_lists}), st.fixed_dictionaries({"rules": named_lists}))
def test_named_items_are_compared_by_name(old: dict[str, Any], new: dict[str, Any]) -> None:
    changes = diff_parts(old, new)
    assert canonical_json(apply_changes(old, changes)) == canonical_json(new)
    if old["rules"] or new["rules"]:
        assert all(change.path.startswith(("/rules/code=", "/rules/#order")) for change in changes)


@given(payloads)
def test_everything_is_new_when_nothing_was_applied(new: dict[str, Any]) -> None:
    changes = diff_parts(None, new)
    assert [change.kind for change in changes] == ["added"] * len(new)
    assert canonical_json(apply_changes({}, changes)) == canonical_json(new)


def test_nan_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})


def test_canonical_text_is_compact_and_readable() -> None:
    assert canonical_json({"b": [1, None], "a": "条"}) == '{"a":"条","b":[1,null]}'


@pytest.mark.parametrize("part", PARTS)
def test_a_stored_part_reads_back_with_the_same_hash(part: PartName) -> None:
    found = pack()
    stored = pack_part(found, part)
    again = part_from_payload(part, stored.payload)
    assert again == found.part(part)
    assert sha256_of(again.model_dump(mode="json", by_alias=True)) == stored.sha256


def test_payload_has_the_shape_of_the_file() -> None:
    rule = pack_part(pack(), "subsidies").payload["rules"][3]
    assert rule["valid"] == {"from": "2024-01-01", "to": "2027-12-31", "article": "三(二)"}
    assert rule["parameters"]["amount"] == [
        {"from": "2024-01-01", "value": "100000", "unit": "元/班", "qualifier": "exact", "article": "二11"}
    ]
    assert rule["parameters"]["min_headcount"] == [{"from": "2024-01-01", "value": 20, "article": "二11"}]
    milestone = pack_part(pack(), "targets").payload["indicators"][0]["milestones"][0]
    assert (milestone["year"], milestone["value"]) == (2024, "40")


def test_layout_and_comments_do_not_change_the_hash(anqing: PackCopy) -> None:
    before = {part.part: part.sha256 for part in pack_parts(pack())}
    anqing.replace(
        "document.yaml",
        "pack: anqing-2024\nnumber: 宜政秘〔2024〕91号\n",
        "# 注\nnumber: '宜政秘〔2024〕91号'\npack: anqing-2024\n",
    )
    anqing.replace("targets.yaml", "value: 14000", 'value: "14000.0"')
    found = anqing.check().pack
    assert found is not None
    assert {part.part: part.sha256 for part in pack_parts(found)} == before


def test_a_change_of_one_value_changes_one_hash(anqing: PackCopy) -> None:
    before = {part.part: part.sha256 for part in pack_parts(pack())}
    anqing.replace("subsidies.yaml", 'value: "300000"', 'value: "350000"')
    found = anqing.check().pack
    assert found is not None
    after = {part.part: part.sha256 for part in pack_parts(found)}
    assert [part for part in PARTS if before[part] != after[part]] == ["subsidies"]


class TestPackDiff:
    def test_nothing_changes_when_applied_again(self) -> None:
        found = pack()
        assert diff_against(applied(found), found) == []
        assert render_changes([]) == "没有变化：已应用的内容与政策包完全一致。"

    def test_first_application_is_one_change_per_part(self) -> None:
        changes = diff_against(None, pack())
        assert [(change.path, change.kind) for change in changes] == [(f"/{part}", "added") for part in PARTS]
        assert changes[2].sentence == "目标任务：首次应用（指标 10 项、任务 19 项）"
        assert render_changes(changes).endswith("共 4 处变化。")

    def test_a_new_amount_is_one_sentence(self, anqing: PackCopy) -> None:
        anqing.replace("subsidies.yaml", 'value: "300000"', 'value: "350000"')
        found = anqing.check().pack
        assert found is not None
        [change] = diff_against(applied(pack()), found)
        assert change.path == "/subsidies/rules/code=industry_college/parameters/amount/from=2024-01-01/value"
        assert (change.kind, change.old, change.new) == ("changed", "300000", "350000")
        assert change.sentence == (
            "奖补规则 › 规则 › “省级产业学院奖补” › 参数 › 金额 › “2024-01-01” › 取值：由 300000 改为 350000"
        )
        assert render_changes([change]).startswith("~ 奖补规则 › ")

    def test_a_later_amount_is_an_addition(self, anqing: PackCopy) -> None:
        old = '{from: 2024-01-01, value: "300000", unit: 元/个, article: 二10}'
        anqing.replace("subsidies.yaml", old, f"{old}, {old.replace('2024', '2026').replace('3000', '4000')}")
        found = anqing.check().pack
        assert found is not None
        [change] = diff_against(applied(pack()), found)
        assert change.kind == "added"
        assert change.path.endswith("/parameters/amount/from=2026-01-01")

    def test_another_order_of_rules_is_a_change(self) -> None:
        found = pack()
        old = applied(found)
        old["subsidies"] = {**old["subsidies"], "rules": old["subsidies"]["rules"][::-1]}
        [change] = diff_against(old, found)
        assert change.path == "/subsidies/rules/#order"
        assert change.new[0] == "consortium_provincial"

    def test_a_date_that_becomes_known(self, anqing: PackCopy) -> None:
        anqing.replace("document.yaml", "issued_on: null", "issued_on: 2024-08-01")
        found = anqing.check().pack
        assert found is not None
        [change] = diff_against(applied(pack()), found)
        assert change.sentence == "文件 › 印发日期：由 空 改为 2024-08-01"
