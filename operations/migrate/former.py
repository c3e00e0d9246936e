"""What a mount was before it was moved: a file without secrets, by which each step is undone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from federation.account import AccountAccess
from operations import OperationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOMENTS = ("moved_at", "inactive_at", "deleted_at")


@dataclass(frozen=True, kw_only=True)
class Former:
    """A mount on its key, and how far it has been moved since."""

    stack: str
    engine: str
    address: str
    namespace: str
    path: str
    account: AccountAccess
    user: str
    """IAM user whose key it is."""
    key_id: str
    settings: Mapping[str, Any]
    """What the engine was set to, as Vault's API calls it; no secret."""
    tuned: Mapping[str, Any]
    roles: Mapping[str, Mapping[str, Any]]
    spare_id: str | None = None
    """A further key that its user has while the mount is moved."""
    moved_at: datetime | None = None
    inactive_at: datetime | None = None
    deleted_at: datetime | None = None
    file: Path = field(repr=False, compare=False)
    """Where this is written."""

    def at(self, **moments: Any) -> Former:  # noqa: ANN401 - the moments by name
        """Note when a step was done, or which spare key there is, and write the file."""
        noted = replace(self, **moments)
        noted.write()
        return noted

    def with_key(self, key_id: str) -> Former:
        """Return the same on another key of the same user, as if it had not been moved."""
        settings = {**self.settings, "access_key": key_id}
        never: dict[str, Any] = dict.fromkeys(_MOMENTS)
        return replace(self, key_id=key_id, settings=settings, **never)

    def write(self) -> None:
        """Write the file, whole or not at all."""
        held = {key: value for key, value in asdict(self).items() if key != "file"}
        moments = {key: held[key] and held[key].isoformat() for key in _MOMENTS}
        unfinished = self.file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(held | moments, indent=2) + "\n", "utf-8")
        unfinished.replace(self.file)

    def again(self) -> Former:
        """Return what the file says by now."""
        return read(self.file.parent, self.stack, self.engine) or self

    def forget(self) -> None:
        """Remove the file."""
        self.file.unlink(missing_ok=True)


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def file_of(folder: Path, stack: str, engine: str) -> Path:
    """Return where a mount's former state is kept: in the project's folder."""
    return folder / f"migration.{stack.rpartition('/')[2]}.{engine}.json"


def read(folder: Path, stack: str, engine: str) -> Former | None:
    """Return what the mount was; ``None`` where nothing of it was moved.

    Raises:
        OperationError: the file is not what a move has written.
    """
    file = file_of(folder, stack, engine)
    try:
        held = json.loads(file.read_text("utf-8"))
        moments = {key: held[key] and datetime.fromisoformat(held[key]) for key in _MOMENTS}
        access = AccountAccess.among(held["account"])
        return Former(**(held | moments | {"account": access, "file": file}))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise OperationError(
            f"{file} is not what `vaultaws migrate {engine} move` writes; bring back that file, "
            "by which alone the move can be undone"
        ) from error
