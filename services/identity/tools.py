"""What sign-in needs beside the database session."""

from dataclasses import dataclass

from services.identity.keyring import Keyring
from services.identity.passwords import Passwords
from services.identity.settings import IdentitySettings
from services.kernel.clock import Clock


@dataclass(frozen=True)
class SignInTools:
    """One set per process."""

    settings: IdentitySettings
    clock: Clock
    passwords: Passwords
    keyring: Keyring
