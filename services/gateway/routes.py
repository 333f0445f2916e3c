"""Which part of the hub answers which path, and what a request may take: one table. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate

API_SERVICES = ("identity", "registry", "targets", "subsidies", "exchange")
IDENTITY_PREFIXES = ("/oauth/", "/.well-known/")
NEVER_ROUTED = ("/livez", "/readyz", "/metrics")
INTERNAL = "/internal"
"""What the hub's processes ask each other past the gateway."""

PART_LABELS = {
    "identity": "登录",
    "registry": "成员登记",
    "targets": "目标指标",
    "subsidies": "奖补资金",
    "exchange": "信息交换",
    "frontend": "页面",
}


@dataclass(frozen=True)
class Route:
    """The part that answers, and whether the gateway asks for a token first."""

    part: str
    needs_token: bool


PUBLIC_API = {"/api/registry/v1/public/": "registry"}
"""What of the services' APIs takes no token: applying to join an alliance, and nothing else."""
_API = {f"/api/{name}/": Route(name, needs_token=True) for name in API_SERVICES}
_IDENTITY = Route("identity", needs_token=False)
_FRONTEND = Route("frontend", needs_token=False)


def route_of(path: str) -> Route | None:
    """The route of a path; None for what does not exist. Health, metrics and `/internal/` of parts are not public."""
    if path.startswith("/api/"):
        public = next((part for prefix, part in PUBLIC_API.items() if path.startswith(prefix)), None)
        if public is not None:
            return Route(public, needs_token=False)
        service = path[: path.find("/", 5) + 1]
        return _API.get(service)
    if path.startswith(IDENTITY_PREFIXES):
        return _IDENTITY
    if path in NEVER_ROUTED or path == INTERNAL or path.startswith(f"{INTERNAL}/"):
        return None
    return _FRONTEND


class Size(StrEnum):
    """How large a request's body may be; the settings hold the bytes."""

    USUAL = "body_limit"
    BULK = "bulk_body_limit"
    FORM = "public_body_limit"
    PAPERS = "public_upload_limit"


class Patience(StrEnum):
    """How long a part may be silent while it answers; the settings hold the seconds."""

    SHORT = "short_timeout"
    USUAL = "read_timeout"
    LONG = "long_timeout"


@dataclass(frozen=True)
class Demand:
    """What one kind of request may take; whether it tries a password, or what a stranger may send to a service."""

    size: Size = Size.USUAL
    patience: Patience = Patience.USUAL
    sign_in: bool = False
    public: bool = False


USUAL = Demand()
DEMANDS: tuple[tuple[str, Demand], ...] = (
    # What is not listed is USUAL. `*` stands for anything; the first that fits counts.
    ("POST /oauth/*", Demand(sign_in=True)),
    ("GET /.well-known/*", Demand(patience=Patience.SHORT)),
    ("GET /static/*", Demand(patience=Patience.SHORT)),
    ("POST /api/registry/v1/public/applications/papers", Demand(Size.PAPERS, public=True)),  # an applicant's own
    ("POST /apply/status/papers", Demand(Size.PAPERS, public=True)),  # the page that sends several of them
    ("POST /apply*", Demand(Size.FORM)),
    ("POST /api/registry/v1/public/*", Demand(Size.FORM, public=True)),  # applications, and tries of receipts' codes
    ("POST /api/subsidies/v1/roster-imports", Demand(Size.BULK, Patience.LONG)),  # raw files of up to a million rows
    ("POST /api/subsidies/v1/settlements/*/verification", Demand(patience=Patience.LONG)),  # computes it again
    ("POST /subsidies/settlements/*/verification", Demand(patience=Patience.LONG)),  # the page that waits for it
    ("POST /api/*/v1/audit-exports", Demand(patience=Patience.LONG)),
    ("GET /api/*/v1/*.xlsx", Demand(patience=Patience.LONG)),
    ("GET /*.xlsx", Demand(patience=Patience.LONG)),
)
_PATTERNS = tuple((re.compile(translate(pattern)), demand) for pattern, demand in DEMANDS)
_ANY = re.compile("|".join(translate(pattern) for pattern, _ in DEMANDS))


def demand_of(method: str, path: str) -> Demand:
    """What a request with this method and path may take."""
    asked = f"{method} {path}"
    if _ANY.match(asked) is None:
        return USUAL
    return next(demand for pattern, demand in _PATTERNS if pattern.match(asked))
