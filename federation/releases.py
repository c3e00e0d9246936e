"""Releases of Vault: which one a server says it is, and what that release is open to."""

import re
from dataclasses import dataclass

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
        return (*self.number, self.final) >= (major, minor, 0, True)

    @property
    def confuses_accounts(self) -> bool:
        """Whether the AWS auth method is open to CVE-2025-11621."""
        patch = _FIXED_PATCHES.get(self.number[:2])
        if patch is None:
            return not self.at_least(*_FIXED_SINCE)
        return (self.number[2], self.final) < (patch, True)


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
