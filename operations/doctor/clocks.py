"""Whether Vault, AWS and this machine agree on the time, within what tokens and signatures bear."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from clients.deployer import seconds_ahead
from clients.vault import Vault
from operations.doctor.rows import broken, ok, unknown, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.doctor.rows import Row
    from settings import Settings

NOTICED_SECONDS = 5.0
"""Difference from which on it is told: the clocks are read in whole seconds, over a network."""
EARLY_SECONDS = 60.0
"""How far Vault may be ahead of AWS; what AWS bears with a token from the future is not documented,
and it may be nothing."""
SIGNATURE_SECONDS = 300.0
"""How old a signed request may be (IAM User Guide, "AWS Signature Version 4 for API requests")."""
FIX = "Let it follow a time server (NTP)"


def clocks(settings: Settings) -> Iterator[Row]:
    """Compare the clocks.

    Raises:
        CloudError: one of them cannot be read.
    """
    region = next(iter(settings.accounts.values())).region
    aws = seconds_ahead(region)
    yield _here(aws)
    with Vault(settings.vault.address) as vault:
        asked = time.time()
        told = vault.node().time
        between = (asked + time.time()) / 2
    if told is None:
        fix = "Let GET /v1/sys/health through, or go without this answer"
        yield unknown("clock of Vault", "Vault does not tell its time", fix)
        return
    lifetimes = [mount.token_ttl_seconds for mount in settings.mounts]
    # Rounded down to a second.
    yield vaults(told + 0.5 - between - aws, min(lifetimes, default=0))


def vaults(ahead: float, lifetime: int) -> Row:
    """Judge Vault's clock by AWS's.

    Args:
        ahead: How many seconds it is ahead.
        lifetime: How many seconds the shortest-lived token is valid.
    """
    what, told = "clock of Vault", f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} AWS"
    if ahead >= EARLY_SECONDS:
        return broken(what, f"{told}: AWS refuses tokens that are dated in the future", FIX)
    if lifetime and -ahead >= lifetime:
        return broken(what, f"{told}: tokens that live {lifetime} s reach AWS expired", FIX)
    if abs(ahead) >= NOTICED_SECONDS:
        return warn(what, f"{told}; AWS may refuse its tokens", FIX)
    return ok(what, "agrees with AWS's, to the second")


def _here(aws: float) -> Row:
    what, told = (
        "clock of this machine",
        f"{abs(aws):.0f} s {'behind' if aws > 0 else 'ahead of'} AWS",
    )
    if abs(aws) >= SIGNATURE_SECONDS:
        return broken(what, f"{told}: AWS refuses what is signed by it", FIX)
    if abs(aws) >= NOTICED_SECONDS:
        return warn(what, f"{told}; from {SIGNATURE_SECONDS:.0f} s on, AWS refuses signatures", FIX)
    return ok(what, "agrees with AWS's, to the second")
