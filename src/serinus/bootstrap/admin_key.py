"""Admin keys that are made beside the store: the first one, without which nobody could make one, and a lost one's
successor. Who can write the store can do all that an admin can."""

from __future__ import annotations

from serinus.adapters.clock import system_random
from serinus.control.create_key import SECRET_BYTES, create_key
from serinus.core.access import Role
from serinus.core.ids import IdSource
from serinus.ports.clock import Clock
from serinus.ports.control_store import ControlStore

ACTOR = "bootstrap"


def create_admin_key(control: ControlStore, clock: Clock, name: str) -> str:
    """The text of a new key with the role admin and no app; it is kept nowhere. Audited like every key."""
    ids = IdSource(clock.now_us, system_random)
    secret = system_random(SECRET_BYTES)
    return create_key(control, clock.now_us(), ACTOR, ids, secret, name, (Role.ADMIN,), ())[1]
