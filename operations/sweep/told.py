"""What a sweep found, as a person and a program read it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from federation import left_users
from federation.left_users import Verdict
from operations import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from operations.sweep.users import Found, Sweep

_WORDS = {
    Verdict.LEFT: "left behind",
    Verdict.UNKNOWN: "not known",
    Verdict.LIVE: "live",
    Verdict.YOUNG: "too young to tell",
}

_COLUMNS = ("user", "age", "tags", "is", "AWS wants first")


def document(swept: Sweep, stack: str) -> dict[str, Any]:
    """Return it as the one document of ``--json``."""
    return {
        "stack": stack,
        "vault_answers": swept.answers,
        "users": [_entry(each) for each in swept.found],
        "not_named_by_vault": swept.foreign,
    }


def show(swept: Sweep, *, everybody: bool) -> None:
    """Print a table for each path, and how many users are what.

    Args:
        swept: What was found.
        everybody: Show those that stay as well.
    """
    shown = (Verdict.LEFT, Verdict.UNKNOWN, *((Verdict.LIVE, Verdict.YOUNG) if everybody else ()))
    places: dict[tuple[str, str], list[Found]] = {}
    for each in sorted(swept.of(*shown), key=lambda each: list(_WORDS).index(each.judged.verdict)):
        places.setdefault((each.place.access.account_id, each.place.path), []).append(each)
    for (account, path), users in sorted(places.items()):
        columns = [name for name in _COLUMNS if name != "tags" or any(u.tags for u in users)]
        rows = [_row(each) for each in users]
        title = f"IAM users in account {account} under {path}"
        terminal.table(title, columns, [[row[name] for name in columns] for row in rows])
    counts = Counter(map(_is, swept.found))
    said = [f"{counts[word]} {word}" for word in ("deleted", *_WORDS.values()) if counts[word]]
    if swept.foreign:
        said.append(f"{swept.foreign} not named as Vault names users, whom nobody judged")
    print(f"IAM users: {', '.join(said) or 'none'}")


def _row(found: Found) -> dict[str, str]:
    cells = (
        found.user.name,
        left_users.age(found.age.total_seconds()),
        ", ".join(f"{key}={value}" for key, value in sorted(found.tags.items())),
        f"{_is(found)}: {found.failure or found.judged.why}",
        ", ".join(_named(found)),
    )
    return dict(zip(_COLUMNS, cells, strict=True))


def _is(found: Found) -> str:
    return "deleted" if found.deleted else _WORDS[found.judged.verdict]


def _named(found: Found) -> Iterable[str]:
    """Count what AWS wants taken away first."""
    counts = Counter(keeper.what for keeper in found.has)
    return (f"{what} ({count})" if count > 1 else what for what, count in counts.items())


def _entry(found: Found) -> dict[str, Any]:
    return {
        "account": found.place.access.account_id,
        "path": found.place.path,
        "user": found.user.name,
        "created": found.user.created.isoformat(),
        "age_seconds": int(found.age.total_seconds()),
        "tags": dict(found.tags),
        "verdict": found.judged.verdict.value,
        "why": found.judged.why,
        "leases": list(found.judged.leases),
        "has": [asdict(keeper) for keeper in found.has],
        "deleted": found.deleted,
        "failure": found.failure,
    }
