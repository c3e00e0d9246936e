"""Profiles for the AWS CLI and SDKs, whose credentials this program gives."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from federation.profiles import Edited, Profile, edited
from operations import OperationError, readable
from operations.credentials import cache, targets
from operations.login.token_file import write_private

if TYPE_CHECKING:
    from operations.whereabouts import Whereabouts

_CLONED = Path(__file__).resolve().parents[2] / "bin" / "vaultaws"
_INSTALLED_AS = "vault-aws-federation"

WAIT_SECONDS = 30.0
"""How long to wait for another process that installs."""


def script() -> Path:
    """Return the console script of this very program, whatever else is on PATH later.

    Raises:
        OperationError: neither a clone nor an installation has one.
    """
    if _CLONED.exists():
        return _CLONED
    try:
        files = metadata.files(_INSTALLED_AS) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "vaultaws":
            return Path(file.locate()).resolve()
    raise OperationError(
        "there is no script `vaultaws` for the profiles to call: install the program by `pipx` or "
        "`uv tool`, or type `bin/vaultaws` in a clone"
    )


def config_file() -> Path:
    """Return the file that the AWS CLI and SDKs read."""
    named = os.environ.get("AWS_CONFIG_FILE")
    return Path(named).expanduser() if named else Path.home() / ".aws" / "config"


def install(place: Whereabouts, *, prefix: str, region: str) -> Edited:
    """Write a profile for every role that may be read; return what became of each.

    Args:
        place: Whose roles.
        prefix: What the name of each profile begins with, before ``ENGINE/ROLE``.
        region: Region of the profiles; of a stack, its engines' where none is given.

    Raises:
        OperationError: none may be read, or the file is none that can be written.
        VaultError: unreachable, or the token is none.
    """
    names = readable.names(place)
    if not names:
        raise OperationError(
            f"this token may read no AWS credentials of {place.owner}: log in by `vaultaws login`, "
            "which says what may be read"
        )
    profiles = [_profile(targets.target(place, name, region), prefix) for name in names]
    file = config_file()
    cache.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with filelock.FileLock(cache.folder() / "install.lock", timeout=WAIT_SECONDS, mode=0o600):
        try:
            before = file.read_text("utf-8") if file.exists() else ""
            mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
            result = edited(before, profiles, _owner(place, prefix))
            if result.text != before:
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_private(file, result.text, mode)
        except (OSError, UnicodeDecodeError) as error:
            raise OperationError(f"{file} cannot be edited: {error}") from error
    return result


def _owner(place: Whereabouts, prefix: str) -> str:
    return f"{place.owner}, prefix {prefix}" if prefix else place.owner


def _profile(meant: targets.Target, prefix: str) -> Profile:
    where = {"--address": meant.address, "--namespace": meant.namespace, "--region": meant.region}
    said = [part for option, value in where.items() if value for part in (option, value)]
    asked = f"{meant.mount}/{meant.role}"
    return Profile(
        name=f"{prefix}{meant.name}",
        command=(str(script()), "credentials", asked, "--format", "process", *said),
        region=meant.region,
    )
