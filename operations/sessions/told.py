"""What a person is asked before sessions are ended, and told afterwards."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from federation.session_block import POLICY, written
from operations.sessions.revoke import Ended, revived
from operations.sessions.roles import left_by

if TYPE_CHECKING:
    from operations.sessions.roles import Role

SLOWLY = (
    "AWS may take minutes until every service knows it. A session that is refused everything still "
    "gets an answer from `aws sts get-caller-identity`, which nothing can deny."
)


def question(role: Role, *, undo: bool) -> str:
    """Say what is about to happen to whom."""
    heading = f"{role.arn}\n  the {role.what} of the stack {role.stack}\n"
    if undo:
        return (
            f"{heading}The inline policy {POLICY} is deleted: sessions that it holds back and that "
            "have not ended by themselves live again."
        )
    goes_on = (
        "The mount signs in anew and goes on issuing credentials."
        if role.mount
        else "Vault assumes it anew for whoever reads credentials next."
    )
    return (
        f"{heading}Every session of it that began before now is refused everything, whoever uses "
        f"it, people and programs alike. {goes_on}"
    )


def text(role: Role, done: Ended | dt.datetime | None) -> str:
    """Say what was done, and what is left to do.

    Args:
        role: Whose sessions it was about.
        done: What ending them came to; or the moment of a block that was taken back, if there was
            one.
    """
    if isinstance(done, dt.datetime):
        return f"the block of {role.arn} is taken back. {revived(done, dt.datetime.now(dt.UTC))}"
    if done is None:
        return f"there was no block of {role.arn}: nothing was changed"
    lines = [SLOWLY, "", "Not ended by this"]
    for left in left_by(role):
        lines.append(f"  - {left.what}")
        lines += [f"      {left.command}"] if left.command else []
    undo = f"vaultaws revoke-sessions {role.arn} --stack {role.stack} --undo"
    lines += [
        "",
        "The block may stay: it touches no later session. `pulumi up` leaves it alone; a role that",
        "has it cannot be deleted, so take it back before `pulumi destroy`:",
        f"      {undo}",
    ]
    return "\n".join(lines)


def document(role: Role, done: Ended | dt.datetime | None) -> dict[str, Any]:
    """Return the same as JSON has it."""
    if isinstance(done, Ended):
        return done.document()
    return {
        "stack": role.stack,
        "role": role.arn,
        "policy": POLICY,
        "taken_back": done is not None,
        "blocked_before": written(done) if done else None,
    }
