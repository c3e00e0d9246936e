"""Releases of Vault: which one a server says it is, and what that release is open to or lacks.

Source: the release notes from 1.16.0 to 1.20.4 (hashicorp/vault, CHANGELOG.md of v1.21.0) and the
security bulletins since (HashiCorp, HCSEC), gone through for what breaks a federation or opens it.
What those of other auth methods, of storage and of denial of service are about is left out, and
what shows by itself: before 1.19.1 AWS keys in Vault's environment came before the federation
(pull request 29982), which Federation sees by the session that the mount gets.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from federation.identity import MountClass

FIRST = {MountClass.SECRET: (1, 16), MountClass.AUTH: (1, 17)}
"""First Vault Enterprise release whose mounts of each class the official provider federates."""

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[^+]+)?(?:\+.+)?")

_FIXED_PATCHES = {(1, 16): 27, (1, 19): 11, (1, 20): 5}
_FIXED_SINCE = (1, 21)
AWS_LOGIN_FIXED = "1.21.0, 1.20.5, 1.19.11 and 1.16.27"
"""Releases in which CVE-2025-11621 is fixed (HashiCorp, HCSEC-2025-30).

Before them the AWS auth method keeps one IAM client for several accounts, and so looks a caller of
one account up in another: a principal of the same name there passes for the one that is bound.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One release; a pre-release sorts below it (Semantic Versioning 2.0.0, section 11)."""

    number: tuple[int, int, int]
    final: bool

    def at_least(self, major: int, minor: int) -> bool:
        """Whether it is this release or a later one."""
        return self.reached(major, minor, 0)

    def reached(self, major: int, minor: int, patch: int) -> bool:
        """Whether it is this very release or a later one."""
        return (*self.number, self.final) >= (major, minor, patch, True)

    @property
    def confuses_accounts(self) -> bool:
        """Whether the AWS auth method is open to CVE-2025-11621."""
        patch = _FIXED_PATCHES.get(self.number[:2])
        if patch is None:
            return not self.at_least(*_FIXED_SINCE)
        return (self.number[2], self.final) < (patch, True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something that a release cannot do, and what of a mount needs it."""

    needed_by: str
    """Input of the mount's federation that names what needs it, if something does."""
    of: Callable[[Release], bool]
    """Whether a release has it."""
    told: str
    """What happens, after the release, with ``{subject}`` for what the input names."""
    remedy: str
    """What to do."""


def _sends_empty_external_id(release: Release) -> bool:
    return release.number[:2] == (1, 17) and not release.reached(1, 17, 4)


def _knows_no_conditions(release: Release) -> bool:
    return not release.reached(1, 17, 2)


FAULTS = (
    # Since pull request 26628 (1.17.0), fixed by 27858 (1.17.4 and 1.18.0).
    Fault(
        needed_by="without_external_id",
        of=_sends_empty_external_id,
        told="which sends an empty external id where none is declared, and AWS refuses that "
        '("minimum field size of 2, AssumeRoleInput.ExternalId"; hashicorp/vault, issue 27765): '
        "it could look up no principal through {subject}",
        remedy="Declare an externalId for it in stsRoles, which its trust need not ask for, or "
        "upgrade Vault (fixed in 1.17.4)",
    ),
    # Pull request 27620 (1.17.2 and 1.18.0); none of 1.16's later releases lists it.
    Fault(
        needed_by="conditioned",
        of=_knows_no_conditions,
        told="which knows neither external id nor session tags of a Vault role and drops them: "
        "the target roles of {subject} would refuse it every session",
        remedy="Upgrade Vault (to 1.17.2 or later), or take externalId and sessionTags out, here "
        "and at the target roles",
    ),
)
"""What breaks a federation, as far as releases differ in it."""


def parse(version: str) -> Release | None:
    """Read what a server says it is, such as ``1.21.0+ent``; None if that is no version."""
    matched = _VERSION.fullmatch(version)
    if matched is None:
        return None
    major, minor, patch, before = matched.groups()
    return Release(
        number=(int(major), int(minor), int(patch)),
        final=before is None,
    )
