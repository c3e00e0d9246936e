"""Credentials that many processes of one person share, renewed by one of them.

A file of its own, which its owner alone may read, for each Vault, namespace, engine, role and
token: leases end with the token that read them, so another token is another file. It holds no
token, and of the token only a digest is in its name.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from operations import OperationError, log
from operations.credentials.issued import Issued
from operations.login.token_file import current, write_private

if TYPE_CHECKING:
    from operations.credentials.targets import Target

AHEAD_SECONDS = 900.0
"""How long before their end credentials are renewed: when the AWS SDKs begin to ask for new ones
(botocore, ``_DEFAULT_ADVISORY_REFRESH_TIMEOUT``)."""

SHARE = 4
"""Of credentials that live no hour, this part of their life: asked for earlier, they would be
renewed at every use."""

WAIT_SECONDS = 180.0
"""How long to wait for another process that renews: Vault's answer and AWS's getting to know the
key, with as much again."""

_DEAD_SECONDS = 86_400.0
"""How long a file is kept after the end of what is in it."""


def folder() -> Path:
    """Return where the files are."""
    return Path(platformdirs.user_cache_dir("vaultaws"))


def shared(target: Target, *, fresh: bool = False) -> Issued:
    """Return credentials that are good for a while: the cached ones, or new ones for all.

    If they cannot be renewed, the cached ones are returned as long as they live; it is logged.

    Args:
        target: Of which Vault role.
        fresh: Whether to read new ones whatever is cached.

    Raises:
        OperationError: there is no token, it may not read them, or another process takes too long.
        CloudError: Vault or AWS is not reached or refuses.
    """
    file = _file(target)
    cached = _read(file)
    if cached and not fresh and _good(cached):
        return cached
    # Slower to import than to read the file, which is what most calls do.
    import filelock  # noqa: PLC0415 - see above

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with filelock.FileLock(file.with_suffix(".lock"), timeout=WAIT_SECONDS, mode=0o600):
            return _renewed(target, file, before=cached, fresh=fresh)
    except filelock.Timeout as error:
        raise OperationError(
            f"another process has been renewing {target.name} for {WAIT_SECONDS:.0f} s; see what "
            f"holds {file.with_suffix('.lock')}"
        ) from error


def _renewed(target: Target, file: Path, *, before: Issued | None, fresh: bool) -> Issued:
    """Renew what is cached, unless somebody has while this process waited."""
    cached = _read(file)
    if cached and _good(cached) and (not fresh or cached != before):
        return cached
    # Clients of both clouds, which take longer to import than all else here.
    from clients.errors import CloudError  # noqa: PLC0415 - see above
    from operations.credentials import issue  # noqa: PLC0415 - see above

    try:
        longer = issue.prolonged(target, cached) if cached and not fresh else None
        issued = longer or issue.issue(target)
    except (CloudError, OperationError) as error:
        if cached is None or fresh or cached.expires_at <= time.time():
            raise
        log.warning(
            "%s is not renewed, and good until %s: %s", target.name, cached.expiration, error
        )
        return cached
    _forget_dead(file.parent)
    write_private(file, json.dumps(asdict(issued)))
    return issued


def _file(target: Target) -> Path:
    token = current()
    if not token:
        raise OperationError("there is no token for Vault: log in by `vaultaws login`")
    parts = (target.address, target.namespace, target.mount, target.role, token)
    return folder() / f"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}.json"


def _read(file: Path) -> Issued | None:
    """Return what is cached; ``None`` for nothing, or what another version has written."""
    try:
        return Issued(**json.loads(file.read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _good(issued: Issued) -> bool:
    left = issued.expires_at - time.time()
    return left > min(AHEAD_SECONDS, issued.lifetime / SHARE)


def _forget_dead(kept: Path) -> None:
    """Delete what ended long ago, locks included, for which nobody waits any more."""
    for file in kept.glob("*.json"):
        dead = _read(file)
        if dead is None or dead.expires_at + _DEAD_SECONDS < time.time():
            file.unlink(missing_ok=True)
            file.with_suffix(".lock").unlink(missing_ok=True)
