"""What papers an applicant may add to its application, who reads them, and when they are forgotten. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.kernel.errors import Conflict
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.registry_words import APPLICATION_STATES
from services.registry.domain.life_cycle import ApplicationState

PAPERS_OPEN: Final = frozenset({ApplicationState.SUBMITTED, ApplicationState.RETURNED})
"""Until the first review has passed an application, the unit that made it may supplement it."""
FORGOTTEN: Final = frozenset({ApplicationState.RETURNED, ApplicationState.REJECTED, ApplicationState.WITHDRAWN})
"""What never became a membership: its papers and its contact are kept for a while only."""
APPLICANT_KEY: Final = "application:"
"""With this begins the owner key of what an applicant sent; the application's number follows."""


@dataclass(frozen=True)
class PaperLimits:
    """How many papers one application may have, how large each, how large together."""

    files: int
    each: int
    together: int


def papers_open(state: str, limits: PaperLimits) -> bool:
    """Whether the applicant may add papers and remove them."""
    return limits.files > 0 and state in PAPERS_OPEN


def check_papers_open(state: str, limits: PaperLimits) -> None:
    """Raises Conflict when the application takes no papers, or takes none any more."""
    if not limits.files:
        raise Conflict("网上不收申请材料，请直接交给秘书处。", code="papers_closed")
    if state not in PAPERS_OPEN:
        now = APPLICATION_STATES[state]
        raise Conflict(f"申请当前是“{now}”，不能再增减材料；需要更正请联系秘书处。", code="papers_closed")


def check_paper_fits(sizes: Sequence[int], size: int, limits: PaperLimits) -> None:
    """Whether one more of this size fits beside those that are there. Raises Conflict."""
    if len(sizes) >= limits.files:
        words = f"每份申请最多 {limits.files} 份材料；请先移除不用的，或把多页扫描件合成一个 PDF。"
        raise Conflict(words, code="too_many_papers")
    if sum(sizes) + size > limits.together:
        words = f"材料合计不能超过 {limits.together / (1 << 20):.3g} MB；请降低扫描分辨率，或移除不用的。"
        raise Conflict(words, code="papers_too_large")


def hears_applicants(principal: Principal) -> bool:
    """Who reads what an applicant told of itself: the office, the county, and the unit that the applicant became."""
    return principal.may(Permission.REGISTRY_WRITE) or bool(principal.division or principal.member)
