"""How many requests a minute: by verified caller, by address for everybody else, and fewer where passwords are tried.

`limits` counts, by its sliding window counter: within any minute at most the rate, up to the assumption that the minute
before was evenly spread. Headers after draft-ietf-httpapi-ratelimit-headers-10.
"""

import logging
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter

from services.gateway.forwarding import Origin, rate_key
from services.gateway.headers import RawHeaders
from services.gateway.refusals import RateExceeded
from services.gateway.settings import GatewaySettings
from services.gateway.shared_counts import CountsBusy, SharedCounts

log = logging.getLogger(__name__)
MINUTE = 60


class Rate:
    """One kind of limit. `name` stands in the headers and in the metrics; an amount of 0 is no limit."""

    def __init__(self, name: str, amount: int, sentence: str, counts: SharedCounts) -> None:
        self.name = name
        policy = (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (name.encode(), amount, MINUTE))
        self.policy: RawHeaders = [policy] if amount else []
        self._item: RateLimitItem | None = RateLimitItemPerMinute(amount) if amount else None
        self._sentence = sentence
        self._counts = counts
        self._limiter = SlidingWindowCounterRateLimiter(counts)

    def count(self, key: str) -> None:
        """Count one request of `key`. Raises RateExceeded when that is one too many."""
        if self._item is None:
            return
        try:
            if not self._limiter.hit(self._item, self.name, key):
                raise self._refusal(self._item, key)
        except CountsBusy:  # better a request too many than a gateway that stands still with another
            log.warning("request not counted: another process keeps the counts locked")

    def _refusal(self, item: RateLimitItem, key: str) -> RateExceeded:
        before, left, count, _ = self._counts.get_sliding_window(item.key_for(self.name, key), MINUTE)
        seconds = max(1, ceil(_seconds_until_below(item.amount, before, left, count)))
        state = b'"%b";r=0;t=%d' % (self.name.encode(), seconds)
        detail = self._sentence.format(amount=item.amount, seconds=seconds)
        return RateExceeded(detail, retry_after_seconds=seconds, fields=[*self.policy, (b"ratelimit", state)])


def _seconds_until_below(limit: int, before: int, left: float, count: int) -> float:
    """When the weighted count falls below `limit`: in this window, or in the next, where this one's count fades."""
    if count < limit:
        return left - (limit - count) * MINUTE / before if before else 0.0
    return left + (count - limit) * MINUTE / count


class Rates:
    """The four limits. The hub's own processes and proxies are not counted as addresses: they speak for many."""

    def __init__(self, settings: GatewaySettings, counts: SharedCounts) -> None:
        clients = "您的请求过于频繁（每分钟至多 {amount} 次），请在 {seconds} 秒后重试；批量数据请改用批量接口。"
        addresses = "来自您所在网络的请求过于频繁（每分钟至多 {amount} 次），请在 {seconds} 秒后重试。"
        tries = "登录尝试过于频繁（每分钟至多 {amount} 次），请在 {seconds} 秒后重试；忘记密码请联系本单位管理员。"
        forms = "提交或查询过于频繁（每分钟至多 {amount} 次），请在 {seconds} 秒后重试。"
        self.client = Rate("client", settings.rate_per_client, clients, counts)
        self._address = Rate("address", settings.rate_per_address, addresses, counts)
        self._sign_in = Rate("sign-in", settings.rate_sign_in, tries, counts)
        self._public = Rate("public", settings.rate_public, forms, counts)

    def count_stranger(self, origin: Origin, *, sign_in: bool = False, public: bool = False) -> None:
        """Count a request without a valid token. Raises RateExceeded."""
        if origin.ours:
            return
        key = rate_key(origin.address)
        if sign_in:
            self._sign_in.count(key)
        if public:
            self._public.count(key)
        self._address.count(key)
