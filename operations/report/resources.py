"""The resources of a stack: what its state holds, or what a preview says it held and will hold."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from operations import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes in place of what only an update will know."""

_GONE = frozenset(("delete", "delete-replaced", "discard", "discard-replaced"))
_KEPT = frozenset(("same", "read", "refresh"))
_ANEW = frozenset(("replace", "create-replacement", "delete-replaced"))


class UnreadableError(OperationError):
    """A file is not what it should be; the message says what to give."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One resource."""

    urn: str
    type: str
    parent: str
    provider: str
    """Name of its provider, which the program calls after the account or the namespace."""
    values: dict[str, Any] = field(repr=False)
    """What is known of it; without what only an update will know."""
    needs: Mapping[str, tuple[str, ...]]
    """URNs of what its inputs come from, by input."""

    @property
    def name(self) -> str:
        """What the program calls it."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A stack at one moment."""

    name: str
    resources: tuple[Resource, ...]
    time: str = ""
    """When it was last changed; empty where nobody says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What an update would do."""

    before: Stack
    after: Stack
    anew: tuple[Resource, ...]
    """What is deleted and made again, as it was."""
    failed: str
    """Why the preview ended early, in which case more may change; empty if it did not."""


def of_state(document: Any, *, named: str) -> Stack:  # noqa: ANN401 - JSON of others
    """Return what a state holds.

    Args:
        document: As ``pulumi stack export`` prints it.
        named: Where it comes from, for the message.

    Raises:
        UnreadableError: it is something else.
    """
    try:
        deployment = document["deployment"]
        states = [each for each in deployment.get("resources") or [] if not each.get("delete")]
        found = tuple(_resource(each, _both(each)) for each in states)
        time = str(deployment.get("manifest", {}).get("time", ""))
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(
            f"{named} is no state of a stack: give what `pulumi stack export` prints"
        ) from error
    return Stack(name=_stack(found), resources=found, time=time)


def of_preview(document: Any, *, named: str) -> Preview:  # noqa: ANN401 - JSON of others
    """Return what a preview says.

    Args:
        document: As ``pulumi preview --json`` prints it.
        named: Where it comes from, for the message.

    Raises:
        UnreadableError: it is something else.
    """
    try:
        steps = document["steps"]
        before, after, anew = _moments(steps)
        failed = "; ".join(
            str(each["message"]).removeprefix("error: ").strip()
            for each in document.get("diagnostics") or []
            if each.get("severity") == "error" and "preview failed" not in each["message"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UnreadableError(
            f"{named} is no preview: give what `pulumi preview --json` prints, all of it"
        ) from error
    name = _stack([*after, *before])
    return Preview(
        before=Stack(name=name, resources=tuple(before)),
        after=Stack(name=name, resources=tuple(after)),
        anew=tuple(anew),
        failed=failed,
    )


def parsed(text: str, *, named: str) -> Any:  # noqa: ANN401 - JSON of others
    """Return a JSON document.

    Raises:
        UnreadableError: it is none.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise UnreadableError(f"{named} holds no JSON: {error}") from None


def _moments(
    steps: Iterable[Mapping[str, Any]],
) -> tuple[list[Resource], list[Resource], list[Resource]]:
    before: dict[str, Resource] = {}
    after: dict[str, Resource] = {}
    anew: dict[str, Resource] = {}
    for step in steps:
        urn, op = step["urn"], step["op"]
        old, new = step.get("oldState"), step.get("newState")
        # A refresh comes first, and is what an update starts from.
        held = (new or old) if op == "refresh" else old
        if held:
            before[urn] = _resource(held, _both(held))
        elif op == "refresh":
            before.pop(urn, None)
        if op in _ANEW and urn in before:
            anew[urn] = before[urn]
        if op in _KEPT and urn in before:
            after[urn] = before[urn]
        elif new and op not in _GONE:
            made = None if op in _ANEW or op == "create" else held
            after[urn] = _resource(new, _planned(made, new))
        elif op == "delete":
            after.pop(urn, None)
    return list(before.values()), list(after.values()), list(anew.values())


def _both(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is declared, overlaid by what is there."""
    return {**(state.get("inputs") or {}), **(state.get("outputs") or {})}


def _planned(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> dict[str, Any]:
    """Return what will be there: what is declared, and what an update leaves as it was."""
    declared = new.get("inputs") or {}
    if old is None:
        return dict(declared)
    gone = old.get("inputs") or {}
    stays = {key: value for key, value in (old.get("outputs") or {}).items() if key not in gone}
    return {**stays, **declared}


def _resource(state: Mapping[str, Any], values: Mapping[str, Any]) -> Resource:
    needs = state.get("propertyDependencies") or {}
    return Resource(
        urn=state["urn"],
        type=state["type"],
        parent=state.get("parent", ""),
        provider="::".join(state.get("provider", "").split("::")[3:-1]),
        values={key: value for key, value in values.items() if value not in (None, UNKNOWN)},
        needs={key: tuple(urns or ()) for key, urns in needs.items()},
    )


def _stack(resources: Iterable[Resource]) -> str:
    """Return the name of the stack, which every URN carries (``urn:pulumi:STACK::…``)."""
    first = next(iter(resources), None)
    return first.urn.split("::")[0].removeprefix("urn:pulumi:") if first else ""
