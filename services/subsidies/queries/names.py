"""Names for people: of owners, divisions and member units."""

from uuid import UUID

from services.kernel.divisions import division_name
from services.kernel.permissions import Party
from services.subsidies.clients.registry import RegistryFacts


class Names:
    """Names as the last known facts of the registry have them; codes where it was never asked."""

    def __init__(self, registry: RegistryFacts | None) -> None:
        self._registry = registry

    def owner(self, owner: str) -> str:
        """怀宁县 for `division:340822`, the unit's name for `member:<uuid>`, 秘书处 for `secretariat`."""
        kind, _, key = owner.partition(":")
        if kind == "division":
            return division_name(key) or key
        if kind == "member":
            return self.member(UUID(key))
        return "秘书处" if kind == Party.SECRETARIAT else owner

    def member(self, member: UUID | None) -> str:
        if member is None:
            return ""
        return self._registry.name_of(member) if self._registry else "未登记单位"
