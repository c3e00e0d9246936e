"""The user's cache of built tools: one folder for each content of what builds them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_COMPLETE = ".complete"


def root() -> Path:
    """Return the cache folder, following the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "vault-aws-federation"


def key(sources: Iterable[Path], *traits: str) -> str:
    """Return a name for what ``sources`` (files) and ``traits`` build."""
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(f"{source.name}\0".encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    for trait in traits:
        digest.update(f"\0{trait}".encode())
    return digest.hexdigest()[:20]


def contains(name: str, content: str) -> bool:
    """Return whether the entry is finished."""
    return (_folder(name, content) / _COMPLETE).exists()


def entry(name: str, content: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of an entry, built by ``build`` if no one has finished it yet.

    One process builds, others wait for it. What an interrupted build left is removed first.
    """
    folder = _folder(name, content)
    if contains(name, content):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{content}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not contains(name, content):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            (folder / _COMPLETE).touch()
    return folder


def _folder(name: str, content: str) -> Path:
    return root() / name / content
