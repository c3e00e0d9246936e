"""What a person is told of a move: how far it is, what is next, what is asked before each step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operations import terminal
from operations.migrate.obstacles import changes, obstacles
from operations.migrate.standing import Stage, used_since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.migrate.former import Former
    from operations.migrate.obstacles import Keyed, Lease
    from operations.migrate.planned import Engine
    from operations.migrate.standing import Standing

_NEXT = {Stage.keyed: "move", Stage.moved: "deactivate", Stage.inactive: "delete"}


def gap(deadline: float) -> str:
    """Announce for how long reading credentials can fail."""
    return (
        "Reading credentials can fail once for a moment, as a rule for less than two seconds and "
        f"for {deadline:.0f} s at most: if AWS gives the mount no session by then, it gets a key "
        "back. What was read before goes on working."
    )


def plan(engine: Engine, keyed: Keyed, stack: str, deadline: float) -> dict[str, Any]:
    """Return what moving a mount would do, as JSON has it."""
    key = str(keyed.settings.get("access_key") or "")
    return {
        "stack": stack,
        "engine": engine.name,
        "mount": engine.path,
        "stage": str(Stage.keyed) if key else "holds no AWS key: there is nothing to migrate",
        "key": key,
        "obstacles": obstacles(keyed, engine) if key else [],
        "leases": _counted(keyed.leases),
        "changes": [
            {"role": role, "what": what, "before": before, "after": after}
            for role, what, before, after in (changes(keyed, engine) if key else ())
        ],
        "announced_gap_seconds": deadline if key else 0,
        "next": f"vaultaws migrate {engine.name} move --stack {stack}" if key else "",
    }


def show_plan(document: dict[str, Any]) -> None:
    """Print what moving a mount would do."""
    print(f"the mount {document['mount']} of the engine {document['engine']} {document['stage']}")
    if not document["key"]:
        return
    print(f"its key: {document['key']}")
    print(f"live leases, which go on: {_numbers(document['leases'])}")
    if document["changes"]:
        columns = ("Vault role", "what", "before", "after")
        rows = [tuple(each.values()) for each in document["changes"]]
        terminal.table("what the move changes", columns, rows)
    if document["obstacles"]:
        print("before it can be moved:")
        print("\n".join(f"  - {each}" for each in document["obstacles"]))
    else:
        print(gap(document["announced_gap_seconds"]))
    print(f"next: {document['next']}")


def standing(former: Former, found: Standing) -> dict[str, Any]:
    """Return how far a mount is, as JSON has it."""
    step = _NEXT.get(found.stage, "") if former.moved_at else "move"
    return {
        "stack": former.stack,
        "engine": former.engine,
        "mount": former.path,
        "stage": str(found.stage),
        "key": former.key_id,
        "user": former.user,
        "moved_at": former.moved_at and former.moved_at.isoformat(),
        "inactive_at": former.inactive_at and former.inactive_at.isoformat(),
        "last_used": found.used and found.used.when.isoformat(),
        "used_since": used_since(found.used, former.moved_at),
        "leases_from_before": _counted(found.before),
        "last_of_them_ends": _last(found.before),
        "next": f"vaultaws migrate {former.engine} {step} --stack {former.stack}" if step else "",
    }


def show_standing(document: dict[str, Any]) -> None:
    """Print how far a mount is."""
    print(f"the mount {document['mount']} of the engine {document['engine']} {document['stage']}")
    print(f"its key: {document['key']} of the IAM user {document['user']}")
    if document["moved_at"]:
        seen = document["used_since"] or "AWS has not seen its key used since"
        print(f"moved at {document['moved_at'][:19]} UTC; {seen}")
    if document["leases_from_before"]:
        print(
            f"leases from before that are live: {_numbers(document['leases_from_before'])}, "
            f"the last until {document['last_of_them_ends'] or 'somebody ends it'}"
        )
    elif document["moved_at"]:
        print(
            "no lease from before is live: take formerUsers out of the settings, and type "
            "`pulumi up`"
        )
    undo = f"vaultaws migrate {document['engine']} undo --stack {document['stack']}"
    if document["next"]:
        if document["stage"] == Stage.moved and document["moved_at"]:
            print(f"proof: vaultaws migrate {document['engine']} prove --stack {document['stack']}")
        print(f"next: {document['next']}")
        print(f"back: {undo}")
    else:
        print(
            f"done. The IAM user {document['user']} is left: delete it if it is of no other use. "
            f"{undo} would make it a new key"
        )


def question(step: str, former: Former | None, deadline: float, mount: str) -> str:
    """Say what a step is about to do."""
    if step == "move":
        return f"The mount {mount} is federated. {gap(deadline)}"
    key = f"the key {former.key_id} of {former.user}" if former else ""
    return {
        "deactivate": f"AWS accepts {key} no longer; `undo` activates it again.",
        "delete": f"AWS deletes {key}, for good. The mount {mount} needs it no more.",
        "undo": f"The last step of moving the mount {mount} is taken back. Where that is the move "
        "itself, reading credentials can fail for a moment.",
    }[step]


def _counted(leases: Sequence[Lease]) -> dict[str, int]:
    found: dict[str, int] = {}
    for lease in leases:
        found[lease.role] = found.get(lease.role, 0) + 1
    return found


def _numbers(counted: dict[str, int]) -> str:
    return ", ".join(f"{count} of {role}" for role, count in counted.items()) or "none"


def _last(leases: Sequence[Lease]) -> str:
    ends = [lease.ends for lease in leases if lease.ends]
    return max(ends).strftime("%Y-%m-%d %H:%M:%S UTC") if ends else ""
