"""Which part of the hub answers which path. Pure."""

from dataclasses import dataclass

API_SERVICES = ("identity", "registry", "targets", "subsidies")
IDENTITY_PREFIXES = ("/oauth/", "/.well-known/")

PART_LABELS = {
    "identity": "登录",
    "registry": "成员登记",
    "targets": "目标指标",
    "subsidies": "奖补资金",
    "frontend": "页面",
}


@dataclass(frozen=True)
class Route:
    """The part that answers, and whether the gateway asks for a token first."""

    part: str
    needs_token: bool


_API = {f"/api/{name}/": Route(name, needs_token=True) for name in API_SERVICES}
_IDENTITY = Route("identity", needs_token=False)
_FRONTEND = Route("frontend", needs_token=False)


def route_of(path: str) -> Route | None:
    """The route of a path; None for an API that does not exist. Health and metrics of services are not public."""
    if path.startswith("/api/"):
        service = path[: path.find("/", 5) + 1]
        return _API.get(service)
    if path.startswith(IDENTITY_PREFIXES):
        return _IDENTITY
    if path in ("/livez", "/readyz", "/metrics"):
        return None
    return _FRONTEND
