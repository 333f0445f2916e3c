"""机构与席位: the tree of bodies with seats and holders as of a day, one body, its rules, terms and seats."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentUser, Gateway, needs, performs
from frontend.forms import ETAG_FIELD, KEY_FIELD, Form, payload, submitted
from frontend.gateway_client import BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.governance_forms import Field, FormPage, body_options, lines_of
from frontend.pages.registry_words import API, current, may_write, member_options, options, timeline_of
from services.kernel import registry_words as words
from services.kernel.permissions import Permission
from services.kernel.policy.vocabulary import BODY_KIND_LABELS, SUCCESSION_LABELS

router = APIRouter(prefix="/governance", dependencies=[needs(Permission.REGISTRY_READ)])
WRITES = [needs(Permission.REGISTRY_WRITE)]

KINDS: Final = {str(kind): label for kind, label in BODY_KIND_LABELS.items()}
SUCCESSIONS: Final = {str(mode): label for mode, label in SUCCESSION_LABELS.items()}
SHARES: Final = ("quorum", "majority")
LABELS: Final = {
    "name": "名称",
    "aliases": "简称",
    "kind": "类型",
    "parent": "上级机构",
    "host_member": "依托单位",
    "duties": "职责",
    "succession": "席位接任",
    "founded_on": "成立日期",
    "position": "排列次序",
    "majority_of": "计算基数",
    "rules_source": "议事规则依据",
    "number_prefix": "发文代字",
    "dissolved_on": "撤销日期",
}
PLAIN: Final = (
    "name",
    "kind",
    "parent",
    "host_member",
    "succession",
    "founded_on",
    "majority_of",
    "rules_source",
    "number_prefix",
    "effective_on",
)
STRICT: Final = (("no", "达到即可（以上）"), ("yes", "必须超过（过）"))
HOME: Final = ("机构与席位", "/governance/bodies")


@router.get("")
async def home(request: Request) -> Response:
    """The room begins with its bodies."""
    return redirect(request, HOME[1])


@router.get("/bodies")
async def bodies(request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The tree as of a day, the leads, and for the secretariat what can be made."""
    as_of = request.query_params.get("as_of") or None
    structure = (await gateway.get(f"{API}/structure", {"as_of": as_of})).data
    context = {
        "structure": structure,
        "tree": tree_of(structure["bodies"]),
        "as_of": as_of,
        "writer": may_write(user),
        "kinds": KINDS,
    }
    return page_or_fragment(request, "governance/bodies.html", "governance/_bodies.html", context)


def tree_of(found: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """The bodies in the order of the tree, each with how deep it stands."""
    names = {one["name"] for one in found}
    below: dict[str | None, list[dict[str, Any]]] = {}
    for one in found:
        below.setdefault(one["parent"] if one["parent"] in names else None, []).append(one)
    rows: list[tuple[int, dict[str, Any]]] = []

    def walk(parent: str | None, depth: int) -> None:
        for one in below.pop(parent, []):
            rows.append((depth, one))
            walk(one["name"], depth + 1)

    walk(None, 0)
    return rows


@router.get("/bodies/new", dependencies=WRITES)
async def new_body(request: Request, gateway: Gateway) -> Response:
    """An empty form."""
    page = await _body_form(gateway, None)
    values = {"majority_of": "votes", "quorum_strict": "no", "majority_strict": "yes"}
    return page.shown(request, Form.of(request, values))


@router.post("/bodies/new", dependencies=[*WRITES, performs("POST /api/registry/v1/bodies")])
async def create_body(request: Request, gateway: Gateway) -> Response:
    """Create, or show the form with its faults."""
    values = await submitted(request)
    page = await _body_form(gateway, None)
    last = len(await body_options(gateway))  # a new one comes after those that are there
    body = {name: value for name, value in _body(values).items() if name != "effective_on"} | {"position": last + 1}
    call = lambda: gateway.post(f"{API}/bodies", body, idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    return await page.sent(
        request, gateway, values, call, "已新增机构。", lambda answer: f"/governance/bodies/{answer.data['id']}"
    )


@router.get("/bodies/{body_id}")
async def body(request: Request, gateway: Gateway, user: CurrentUser, body_id: UUID) -> Response:
    """One body with rules, terms, seats, meetings and, for the secretariat, recorded changes."""
    as_of = request.query_params.get("as_of") or None
    path = f"/bodies/{body_id}"
    found, meetings = await asyncio.gather(
        gateway.get(f"{API}{path}", {"as_of": as_of}),
        gateway.get(f"{API}/meetings", {"body": str(body_id), "sort": "-held_on", "limit": 10, "as_of": as_of}),
    )
    writer = may_write(user)
    context = {
        "body": found.data,
        "meetings": meetings.data["items"],
        "history": await timeline_of(gateway, path, LABELS) if writer else None,
        "as_of": as_of,
        "writer": writer and as_of is None and found.data["dissolved_on"] is None,
        "kinds": KINDS,
        "successions": SUCCESSIONS,
        "words": words,
    }
    return page_or_fragment(request, "governance/body.html", "governance/_body.html", context)


@router.get("/bodies/{body_id}/edit", dependencies=WRITES)
async def edit_body(request: Request, gateway: Gateway, body_id: UUID) -> Response:
    """The form filled from the record, with the version that is being edited."""
    record = await current(gateway, f"/bodies/{body_id}")
    page = await _body_form(gateway, record.data)
    return page.shown(request, Form.of(request, _shown(record.data), etag=record.etag))


@router.post("/bodies/{body_id}/edit", dependencies=[*WRITES, performs("PUT /api/registry/v1/bodies/{}")])
async def update_body(request: Request, gateway: Gateway, body_id: UUID) -> Response:
    """Save, or show the form with its faults or with what somebody else changed meanwhile."""
    values = await submitted(request)
    record = await current(gateway, f"/bodies/{body_id}")
    page = await _body_form(gateway, record.data)
    sent = {**_body(values), "position": record.data["position"]}
    call = lambda: gateway.put(f"{API}/bodies/{body_id}", sent, if_match=values.get(ETAG_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已保存。")


@router.get("/bodies/{body_id}/dissolution", dependencies=WRITES)
async def new_dissolution(request: Request, gateway: Gateway, body_id: UUID) -> Response:
    """The form of a body's end."""
    record = await current(gateway, f"/bodies/{body_id}")
    return _dissolution(record.data).shown(request, Form.of(request, etag=record.etag))


@router.post(
    "/bodies/{body_id}/dissolution", dependencies=[*WRITES, performs("POST /api/registry/v1/bodies/{}/dissolution")]
)
async def dissolve_body(request: Request, gateway: Gateway, body_id: UUID) -> Response:
    """Record the end of a body."""
    values = await submitted(request)
    page = _dissolution((await current(gateway, f"/bodies/{body_id}")).data)
    sent = payload(values, "dissolved_on", "reason")
    address = f"{API}/bodies/{body_id}/dissolution"
    call = lambda: gateway.post(address, sent, if_match=values.get(ETAG_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已撤销机构。", lambda _: HOME[1])


@router.get("/bodies/{body_id}/terms/new", dependencies=WRITES)
async def new_term(request: Request, gateway: Gateway, body_id: UUID) -> Response:
    """The form of a term."""
    record = (await current(gateway, f"/bodies/{body_id}")).data
    latest = max((term["number"] for term in record["terms"]), default=0)
    return _term(record).shown(request, Form.of(request, {"number": latest + 1}))


@router.post("/bodies/{body_id}/terms/new", dependencies=[*WRITES, performs("POST /api/registry/v1/bodies/{}/terms")])
async def add_term(request: Request, gateway: Gateway, body_id: UUID) -> Response:
    """Record a term."""
    values = await submitted(request)
    page = _term((await current(gateway, f"/bodies/{body_id}")).data)
    sent = payload(values, "number", "from_date", "until_date", "document")
    address = f"{API}/bodies/{body_id}/terms"
    call = lambda: gateway.post(address, sent, idempotency_key=values.get(KEY_FIELD))  # noqa: E731
    return await page.sent(request, gateway, values, call, "已登记新一届。")


def _crumbs(record: dict[str, Any], last: str) -> list[tuple[str, str | None]]:
    return [HOME, (record["name"], f"/governance/bodies/{record['id']}"), (last, None)]


def _dissolution(record: dict[str, Any]) -> FormPage:
    path = f"/governance/bodies/{record['id']}"
    fields = (
        Field("dissolved_on", "撤销日期", "date", required=True, help="自这一天起不再存在，历史记录会保留。"),
        Field("reason", "撤销原因和依据", "textarea", required=True, wide=True, rows=3, maxlength=200),
    )
    where: dict[str, Any] = {"action": f"{path}/dissolution", "cancel": path, "record": f"/bodies/{record['id']}"}
    return FormPage("撤销机构", _crumbs(record, "撤销机构"), fields=fields, submit="撤销", dialog=True, **where)


def _term(record: dict[str, Any]) -> FormPage:
    path = f"/governance/bodies/{record['id']}"
    fields = (
        Field("number", "第几届", "number", required=True, minimum=1, step="1"),
        Field("from_date", "起始日期", "date", required=True, help="上一届在这一天届满。"),
        Field("until_date", "届满日期", "date", help="没有定下的留空。"),
        Field("document", "换届文件文号", maxlength=100),
    )
    where: dict[str, Any] = {"action": f"{path}/terms/new", "cancel": path}
    return FormPage("登记新一届", _crumbs(record, "登记新一届"), fields=fields, submit="登记", dialog=True, **where)


async def _body_form(gateway: BoundGateway, record: dict[str, Any] | None) -> FormPage:
    bodies, members = await asyncio.gather(body_options(gateway), member_options(gateway))
    own = record["id"] if record else ""
    above = [(key, name) for key, name in bodies if key != own]
    rules = (
        ("quorum", "法定人数", "到会席位占应到席位的比例，如 2 / 3。没有规定的留空，不作推定。"),
        ("majority", "通过比例", "赞成票占计算基数的比例，如过 1 / 2。"),
    )
    fields = [
        Field("name", LABELS["name"], required=True, maxlength=100),
        Field("aliases", LABELS["aliases"], "textarea", rows=2, help="一行一个，如“改革发展委员会”。"),
        Field("kind", LABELS["kind"], "select", required=True, options=options(KINDS), blank="请选择"),
        Field("parent", LABELS["parent"], "select", options=above),
        Field("host_member", LABELS["host_member"], "select", options=members, help="办公室、秘书处设在的单位。"),
        Field("founded_on", LABELS["founded_on"], "date"),
        Field("succession", LABELS["succession"], "select", options=options(SUCCESSIONS), blank="文件没有规定"),
        Field("number_prefix", LABELS["number_prefix"], maxlength=20, help="决议文号的代字，如“宜职教集”。"),
        Field("duties", LABELS["duties"], "textarea", wide=True, rows=4, help="一行一项。"),
    ]
    for name, label, note in rules:
        fields += [
            Field(f"{name}_numerator", f"{label}：分子", "number", minimum=1, step="1", help=note),
            Field(f"{name}_denominator", f"{label}：分母", "number", minimum=1, step="1"),
            Field(f"{name}_strict", f"{label}：怎样算达到", "radio", options=STRICT),
        ]
    fields += [
        Field("majority_of", LABELS["majority_of"], "select", options=options(words.MAJORITIES_OF), required=True),
        Field("rules_source", LABELS["rules_source"], maxlength=200, help="填了比例就要写明依据，如“章程第十条”。"),
    ]
    if record is None:
        return FormPage("新增机构", [HOME, ("新增", None)], "/governance/bodies/new", HOME[1], fields)
    fields.append(Field("effective_on", "自哪一天起生效", "date", help="留空为今天。"))
    path = f"/governance/bodies/{own}"
    return FormPage("修改机构", _crumbs(record, "修改"), f"{path}/edit", path, fields, record=f"/bodies/{record['id']}")


def _body(values: dict[str, Any]) -> dict[str, Any]:
    """What the service takes: texts of several lines as lists, shares as fractions, empty texts as null."""
    sent = payload(values, *PLAIN)
    shares = {name: _share(values, name) for name in SHARES}
    lists = {name: lines_of(values.get(name)) for name in ("aliases", "duties")}
    return {**sent, **lists, **shares, "majority_of": sent["majority_of"] or "votes"}


def _share(values: dict[str, Any], name: str) -> dict[str, Any] | None:
    parts = {part: values.get(f"{name}_{part}") or None for part in ("numerator", "denominator")}
    return {**parts, "strict": values.get(f"{name}_strict") == "yes"} if any(parts.values()) else None


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the form shows it."""
    shown = {name: record.get(name) for name in PLAIN if name not in ("parent", "host_member", "effective_on")}
    shown |= {name: (record[name] or {}).get("id") for name in ("parent", "host_member")}
    shown |= {name: "\n".join(record[name]) for name in ("aliases", "duties")}
    for name, strict in (("quorum", "no"), ("majority", "yes")):
        share = record[name] or {}
        shown |= {f"{name}_{part}": share.get(part) for part in ("numerator", "denominator")}
        shown[f"{name}_strict"] = ("yes" if share["strict"] else "no") if share else strict
    return shown
