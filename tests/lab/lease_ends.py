"""Leases that somebody ends before their mount goes.

That their users are gone afterwards shows nothing: unmounting revokes as well, but by then Vault
may no longer be able to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab import switches
from lab.switches import Switches
from tests.lab.faults import Faults

if TYPE_CHECKING:
    from tests.lab.stacks import Stack

_USER = "iam.amazonaws.com DeleteUser"
_VAULT = "vault.lab.test"


def up_that_ends_leases_first(stack: Stack, *engines: str) -> dict[str, str]:
    """Deploy what replaces the mounts of engines, each with one lease of ``my-role``.

    Returns:
        What the preview announced: operation by logical name.
    """
    announced = stack.changes()
    for engine in engines:
        assert announced[f"{engine}-mount"] == "replace"
        assert announced[f"{engine}-leases/my-role"] == "replace"
    faults = Faults(stack.laboratory.home)
    faults.watch()
    try:
        stack.up()
        writes = faults.writes()
    finally:
        switches.store(stack.laboratory.home, Switches())

    unmounted = {writes.index(f"{_VAULT} DELETE /v1/sys/mounts/{engine}") for engine in engines}
    for engine in engines:
        ended = writes.index(f"{_VAULT} PUT /v1/sys/leases/revoke-prefix/{engine}/creds/my-role")
        assert ended < writes.index(f"{_VAULT} DELETE /v1/sys/mounts/{engine}")
    # The names of users are random, so the list does not tell them apart.
    for gone, mount in enumerate(sorted(unmounted), start=1):
        assert sum(write.startswith(_USER) for write in writes[:mount]) >= gone
    return announced
