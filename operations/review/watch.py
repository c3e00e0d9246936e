"""What is looked at on a schedule: drift, certificates and keys, users that were left behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from operations import OperationError, engine
from operations.report.markdown import code, plain
from operations.review.hidden import hide
from operations.review.steps import steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from operations.doctor.rows import Row

_CERTIFICATES: Final = (
    "issuer's host, certificate chain",
    "issuer's host, thumbprint",
    "issuer of ",
    "login ",
    "Vault, connection",
)
"""Rows of ``vaultaws doctor`` about what expires: certificates, thumbprints and keys."""
_OLD: Final = timedelta(hours=1)
"""Younger users may still be in the making (``vaultaws sweep --older-than``)."""
_MOST_LINES: Final = 200
_LONGEST: Final = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a watch found."""

    watch: str
    stack: str
    title: str
    lines: Sequence[str]
    """What is wrong, as Markdown; empty if nothing is."""
    advice: str

    @property
    def wrong(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.lines)

    @property
    def marker(self) -> str:
        """Return what its issue begins with, by which it is found again."""
        return f"<!-- vaultaws watch {self.watch} {self.stack} -->"

    def text(self) -> str:
        """Return it as an issue, without secrets."""
        shown = self.lines[:_MOST_LINES]
        left = len(self.lines) - len(shown)
        more = ["", f"{left} more are left out."] if left else []
        lines = [*shown, *more, "", f"**What to do.** {self.advice}"]
        said = hide("\n".join(lines))[:_LONGEST]
        return f"{self.marker}\n{said}\n\nThis issue closes by itself once nothing is found.\n"

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "watch": self.watch,
            "stack": self.stack,
            "wrong": self.wrong,
            "title": self.title,
            "found": list(self.lines),
        }


def drift(stack: str) -> Finding:
    """Hold what is there against what the last update left; nothing is written."""
    said = engine.pulumi("refresh", "--preview-only", "--json", stack=stack)
    return drifted(stack, json.loads(said))


def drifted(stack: str, document: Any) -> Finding:  # noqa: ANN401 - JSON of others
    """Return what a previewed refresh says.

    Args:
        stack: Name of the stack.
        document: As ``pulumi refresh --preview-only --json`` prints it.
    """
    found = steps({"steps": _seen(document.get("steps") or [])}, named=stack)
    lines = [line for step in found for line in step.text()]
    return Finding(
        watch="drift",
        stack=stack,
        title=f"{stack}: somebody changed what the stack made",
        lines=[f"    {line}" for line in lines],
        advice=(
            "`pulumi up` puts back what is declared. What shall stay is declared first. CloudTrail "
            "and Vault's audit log say who changed it."
        ),
    )


def _seen(told: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the steps of a refresh that found something else, with what is there as inputs."""
    for step in told:
        old, new = step.get("oldState"), step.get("newState")
        if step["op"] == "update" and old and new and old.get("inputs") == new.get("inputs"):
            old, new = ({**state, "inputs": state.get("outputs") or {}} for state in (old, new))
            yield {**step, "oldState": old, "newState": new}
        elif step["op"] in ("update", "delete"):
            yield step


def certificates(stack: str) -> Finding:
    """Look at certificates, thumbprints and signing keys, as ``vaultaws doctor`` does."""
    from operations.doctor.diagnosis import diagnose  # noqa: PLC0415 - loads both clouds

    return expiring(stack, diagnose(stack, Path.cwd()))


def expiring(stack: str, rows: Iterable[Row]) -> Finding:
    """Return which rows of a doctor are about what expires and are not as they should be."""
    found = [row for row in rows if row.what.startswith(_CERTIFICATES) and row.state != "ok"]
    return Finding(
        watch="certificates",
        stack=stack,
        title=f"{stack}: a certificate or a key needs somebody",
        lines=[
            f"- {code(row.what)} **{row.state.value}**: {plain(row.detail)}. {plain(row.fix)}."
            for row in found
        ],
        advice="`vaultaws doctor` shows whether it is mended; it looks at the same things.",
    )


def users(stack: str) -> Finding:
    """Look for IAM users that no lease will end, as ``vaultaws sweep`` does; deletes nothing."""
    from operations.sweep import told  # noqa: PLC0415 - loads both clouds
    from operations.sweep.users import Asked, sweep  # noqa: PLC0415 - as above

    asked = Asked(
        stack=stack,
        paths=(),
        account="",
        tags={},
        older_than=_OLD,
        per_second=5.0,
        without_vault=False,
    )
    return orphaned(stack, told.document(sweep(asked, delete=False), stack))


def orphaned(stack: str, document: dict[str, Any]) -> Finding:
    """Return whom a sweep thinks left behind, or does not know of."""
    left = [user for user in document["users"] if user["verdict"] in ("left", "unknown")]
    return Finding(
        watch="users",
        stack=stack,
        title=f"{stack}: IAM users were left behind",
        lines=[
            f"- {code(user['user'])} in account {user['account']}, made {user['created']}: "
            f"{plain(user['why'])}"
            for user in left
        ],
        advice=f"`vaultaws sweep --stack {stack} --delete` deletes those that are left behind.",
    )


WATCHES: Final[dict[str, Callable[[str], Finding]]] = {
    "drift": drift,
    "certificates": certificates,
    "users": users,
}
"""What is watched, by name; each may fail as the command does whose look it is."""


def watch(name: str, stack: str) -> Finding:
    """Look at one thing.

    Raises:
        OperationError: there is no such watch, or it could not look.
    """
    if name not in WATCHES:
        raise OperationError(f"nothing is watched as {name!r}; known are {', '.join(WATCHES)}")
    return WATCHES[name](stack)
