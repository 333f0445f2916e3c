"""What the gateway counts beside requests and times: what it refused, and which parts it does not ask."""

from prometheus_client import Counter, Gauge

from services.gateway.breaker import State
from services.kernel.observability import Metrics


class Measures:
    """The gateway's own metrics, in the process's registry."""

    def __init__(self, metrics: Metrics) -> None:
        registry = metrics.registry
        self._refused = Counter("hub_gateway_refused", "requests the gateway refused", ["code"], registry=registry)
        self._parts = Gauge(
            "hub_gateway_part_state",
            "0 asked, 1 asked by one request, 2 not asked",
            ["part"],
            registry=registry,
            multiprocess_mode="mostrecent",
        )

    def refused(self, code: str) -> None:
        self._refused.labels(code).inc()

    def part_state(self, part: str, state: State) -> None:
        self._parts.labels(part).set(int(state))
