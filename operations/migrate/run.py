"""Takes one step of a move, or says how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from operations import OperationError, terminal
from operations.migrate import back, planned, steps, told
from operations.migrate import former as kept
from operations.migrate.standing import Stage, look

if TYPE_CHECKING:
    from datetime import timedelta

    from operations.migrate.former import Former


def show(stack: str, engine: str, deadline: float, *, as_json: bool) -> bool:
    """Print how far a mount is and what is next, or what moving it would do.

    Returns:
        Whether nothing stands in the way.
    """
    former = kept.read(Path.cwd(), stack, engine)
    with terminal.progress("looking at Vault, AWS and the stack"):
        found = look(former) if former else None
        if former and found and found.stage is not Stage.keyed:
            document = told.standing(former, found)
        else:
            declared = planned.read(stack, engine)
            document = told.plan(declared, steps.examine(declared), stack, deadline)
    if as_json:
        terminal.print_json(document)
    elif "obstacles" in document:
        told.show_plan(document)
    else:
        told.show_standing(document)
    return not document.get("obstacles")


def move(stack: str, engine: str, *, deadline: float, yes: bool, as_json: bool) -> None:
    """Federate a mount, and print how far it is.

    Raises:
        OperationError: not agreed to, something stands in the way, or an update failed.
    """
    folder = Path.cwd()
    former = kept.read(folder, stack, engine)
    with terminal.progress("looking at Vault, AWS and the stack"):
        declared = planned.read(stack, engine)
        keyed = steps.examine(declared)
        if former is None or keyed.settings.get("access_key"):
            steps.admit(declared, keyed)
    _agreed(told.question("move", former, deadline, declared.path), yes=yes)
    with terminal.told(as_json=as_json), terminal.progress("moving the mount"):
        moving = steps.Moving(stack=stack, folder=folder, deadline=deadline)
        gap = steps.move(declared, keyed, former, moving)
    _print(stack, engine, {"gap_seconds": gap}, as_json=as_json)


def take(  # noqa: PLR0913 - what a person can say of it
    step: str, stack: str, engine: str, *, inactive_for: timedelta, yes: bool, as_json: bool
) -> None:
    """Take one of the steps that follow the move, or one back, and print how far the mount is.

    Raises:
        OperationError: not agreed to, or it is not the time for it.
    """
    former = _moved(stack, engine)
    _agreed(told.question(step, former, 0, former.path), yes=yes)
    done: dict[str, Any] = {}
    with terminal.told(as_json=as_json), terminal.progress("asking Vault and AWS"):
        if step == "deactivate":
            steps.deactivate(former)
        elif step == "delete":
            steps.delete(former, inactive_for=inactive_for)
        else:
            done = {"undone": back.undo(former)}
    _print(stack, engine, done, as_json=as_json)


def _moved(stack: str, engine: str) -> Former:
    former = kept.read(Path.cwd(), stack, engine)
    if former is None:
        file = kept.file_of(Path.cwd(), stack, engine)
        raise OperationError(
            f"nothing of the engine {engine} was moved from here: there is no {file}. Type it in "
            "the folder in which it was moved"
        )
    return former


def _agreed(question: str, *, yes: bool) -> None:
    if not yes and not terminal.confirmed(question):
        raise OperationError("not confirmed, so nothing was changed; --yes does not ask")


def _print(stack: str, engine: str, done: dict[str, Any], *, as_json: bool) -> None:
    former = kept.read(Path.cwd(), stack, engine)
    if former is None:  # undone
        document = {"stack": stack, "engine": engine, "stage": str(Stage.keyed), **done}
        if as_json:
            terminal.print_json(document)
        else:
            print(done["undone"])
        return
    document = {**told.standing(former, look(former)), **done}
    if as_json:
        terminal.print_json(document)
    else:
        if "undone" in done:
            print(done["undone"])
        told.show_standing(document)
