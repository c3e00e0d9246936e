"""What was looked at and how it is, a row each; and how the looks are taken side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from clients.errors import CloudError
from clients.tls import TlsError

if TYPE_CHECKING:
    from federation.trouble import Trouble

MOST_AT_ONCE = 16
"""Looks that are taken side by side."""


class State(StrEnum):
    """How something is, the worst first."""

    BROKEN = "broken"
    """An update, or what it makes, would not work."""
    UNKNOWN = "unknown"
    """It could not be asked for."""
    WARN = "warn"
    """It works, and hardly as it is meant."""
    OK = "ok"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One thing that was looked at."""

    what: str
    state: State
    detail: str
    """What was seen."""
    fix: str = ""
    """What to do; empty where nothing is to be done."""


Look = Callable[[], Iterable[Row]]
"""Looks at something and tells of it; what it raises becomes a row of its own."""


def ok(what: str, detail: str) -> Row:
    """Return the row of something that is as it should be."""
    return Row(what=what, state=State.OK, detail=detail)


def warn(what: str, detail: str, fix: str) -> Row:
    """Return the row of something that an update survives."""
    return Row(what=what, state=State.WARN, detail=detail, fix=fix)


def unknown(what: str, detail: str, fix: str) -> Row:
    """Return the row of something that could not be asked for."""
    return Row(what=what, state=State.UNKNOWN, detail=detail, fix=fix)


def broken(what: str, detail: str, fix: str) -> Row:
    """Return the row of something that an update fails at."""
    return Row(what=what, state=State.BROKEN, detail=detail, fix=fix)


def judged(what: str, trouble: Trouble | None, sound: str) -> Row:
    """Return the row of what an update refuses, or of what it finds sound."""
    return broken(what, *_parts(trouble)) if trouble else ok(what, sound)


def advised(what: str, trouble: Trouble) -> Row:
    """Return the row of what an update only warns of."""
    return warn(what, *_parts(trouble))


def gathered(looks: Iterable[tuple[str, Look]]) -> list[Row]:
    """Take every look, side by side, and return what they tell, in their order.

    Args:
        looks: Each with what it is at, for the row that tells why it could not be taken.
    """
    listed = list(looks)
    with ThreadPoolExecutor(max_workers=max(1, min(MOST_AT_ONCE, len(listed)))) as threads:
        return [row for rows in threads.map(lambda each: _taken(*each), listed) for row in rows]


def worst_first(rows: Iterable[Row]) -> list[Row]:
    """Sort rows by how bad they are; those that are alike keep their order."""
    order = list(State)
    return sorted(rows, key=lambda row: order.index(row.state))


def _parts(trouble: Trouble) -> tuple[str, str]:
    cause, remedy = trouble
    return cause.rstrip(" .:;"), f"{remedy[0].upper()}{remedy[1:]}"


def _taken(what: str, look: Look) -> list[Row]:
    return list(_until_it_fails(what, look))


def _until_it_fails(what: str, look: Look) -> Iterator[Row]:
    try:
        yield from look()
    except (CloudError, TlsError) as error:
        yield unknown(what, str(error), "Mend what it says, or give the right to ask; then repeat")
    except Exception as error:  # noqa: BLE001 - one look that fails must not hide the others
        told = f"the look itself failed ({type(error).__name__}: {error})"
        yield unknown(what, told, "Report this; whatever else is listed holds nevertheless")
