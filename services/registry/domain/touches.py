"""What a member still has a part in: shown before it merges, splits or leaves. Pure."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Touch:
    """One open thing that names a member: its kind in Chinese (合作载体), its title, and the page where it stands."""

    kind: str
    id: UUID
    title: str
    href: str
