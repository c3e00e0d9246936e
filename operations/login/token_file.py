"""The token where Vault's own command line keeps it.

Source: Vault, "Token helpers": without a helper of one's own, it is the file ``.vault-token`` in
the home folder. ``VAULT_TOKEN`` comes first for whoever reads it (Vault, "CLI", environment
variables), and is never written.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def path() -> Path:
    """Return the file."""
    return Path.home() / ".vault-token"


def store(token: str) -> None:
    """Keep a token, readable by its owner alone, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    write_private(path(), token)


def current() -> str:
    """Return the token that counts now, which is a secret; empty if there is none."""
    if token := os.environ.get("VAULT_TOKEN", ""):
        return token
    try:
        return path().read_text("utf-8").strip()
    except FileNotFoundError:
        return ""


def write_private(file: Path, content: str, mode: int = 0o600) -> None:
    """Write a file in one step; until then, whoever reads it reads what was there.

    Args:
        file: Where; what a link leads to is written, and the link stays.
        content: All of it.
        mode: Who may read it.

    Raises:
        OSError: it cannot be written.
    """
    file = file.resolve()
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
