"""How far a mount has been moved, as Vault, AWS and the file of the move tell it."""

from __future__ import annotations

import enum
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.access_keys import AccessKeys
from clients.keyed_engine import KeyedEngine
from clients.vault import Vault
from operations.migrate.obstacles import Lease

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from clients.access_keys import Used
    from operations.migrate.former import Former

AT_ONCE = 8
"""Most leases that Vault is asked for at a time; each is a short request."""


class Stage(enum.StrEnum):
    """How far it is."""

    keyed = "runs on its key"
    moved = "is federated; its key is active"
    inactive = "is federated; its key is inactive"
    deleted = "is federated; its key is deleted"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a mount stands on its way."""

    stage: Stage
    used: Used | None
    """The last use of its key that AWS tells of."""
    before: tuple[Lease, ...]
    """Leases from before it was moved that are not over."""
    since: tuple[Lease, ...]
    """Leases of later."""


def stage_of(settings: Mapping[str, Any], keys: Mapping[str, bool], former: Former) -> Stage:
    """Decide how far a mount is.

    Args:
        settings: What Vault says that it is set to.
        keys: The keys of its former IAM user, and whether each is active.
        former: What it was.
    """
    if settings.get("access_key"):
        return Stage.keyed
    if former.key_id not in keys:
        return Stage.deleted
    return Stage.moved if keys[former.key_id] else Stage.inactive


def look(former: Former, *, leases: bool = True) -> Standing:
    """Ask Vault and AWS how far a mount is.

    Args:
        former: What it was.
        leases: Whether to ask for its leases, each of which is a request.

    Raises:
        VaultError: Vault is unreachable or refuses.
        AwsError: AWS is unreachable or refuses.
    """
    keys = AccessKeys(former.account)
    with Vault(former.address, former.namespace) as vault:
        engine = KeyedEngine(vault, former.path)
        stage = stage_of(engine.settings(), keys.of(former.user), former)
        found = live(engine) if leases else []
    used = None if stage is Stage.deleted else keys.last_used(former.key_id)
    moved = former.moved_at
    return Standing(
        stage=stage,
        used=used,
        before=tuple(each for each in found if moved is None or each.began <= moved),
        since=tuple(each for each in found if moved is not None and each.began > moved),
    )


def live(engine: KeyedEngine) -> list[Lease]:
    """Return the leases of a mount that are not over."""
    listed = [(role, lease) for role, ids in sorted(engine.leases().items()) for lease in ids]
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        times = threads.map(engine.times, [lease for _, lease in listed])
        return [
            Lease(role=role, id=lease, began=found[0], ends=found[1])
            for (role, lease), found in zip(listed, times, strict=True)
            if found
        ]


def used_since(used: Used | None, moment: datetime | None) -> str:
    """Say that a key was used after a moment; empty if AWS tells of no such use."""
    if used is None or moment is None or used.when <= moment:
        return ""
    when = f"{used.when:%Y-%m-%d %H:%M:%S} UTC"
    return f"AWS has seen it used for {used.service} in {used.region} at {when}"
