"""What the program registers under mocks, in the shape in which the engine keeps it."""

from __future__ import annotations

import copy
import functools
import json
from typing import TYPE_CHECKING, Any

import pulumi

from tests.committed import SECRET, SECRET_SECTION
from tests.production import shipped
from tests.program.conftest import PROJECT, run_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.program.conftest import Engine

Settings = dict[str, Any]
TIME = "2026-11-28T19:23:11.381849332Z"


_UNDER_MOCKS = "urn:pulumi:stack::project::"
"""What Pulumi's mocks begin every URN with, whatever the stack is called."""


def exported(engine: Engine, stack: str = "production") -> dict[str, Any]:
    """Return what ``pulumi stack export`` would print."""
    resources = [
        _resource(engine, *each) for each in zip(engine.requests, engine.urns, strict=True)
    ]
    text = json.dumps(resources).replace(_UNDER_MOCKS, f"urn:pulumi:{stack}::{PROJECT}::")
    deployment = {"manifest": {"time": TIME}, "resources": json.loads(text)}
    return {"version": 3, "deployment": deployment}


@functools.cache
def production(change: Callable[[Settings], None] | None = None) -> dict[str, Any]:
    """Return the state of the production example, deployed as it is shipped or with a change."""
    values = copy.deepcopy({**shipped(), SECRET_SECTION: {"people": SECRET}})
    if change:
        change({key.partition(":")[2]: value for key, value in values.items()})
    return exported(run_program(values, stack="production"))


def _resource(engine: Engine, request: Any, urn: str) -> dict[str, Any]:  # noqa: ANN401 - the protocol's own
    made = engine.resources.get(urn)
    return {
        "urn": urn,
        "type": request.type,
        "parent": request.parent,
        "provider": request.provider,
        "inputs": _plain(pulumi.runtime.rpc.deserialize_properties(request.object)),
        "outputs": {**_plain(made.state), "id": made.id} if made and request.custom else {},
        "propertyDependencies": {
            key: list(of.urns) for key, of in request.propertyDependencies.items()
        },
    }


def _plain(values: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON has no narrower type
    """Return values as JSON holds them; what is secret stays out, as in a state."""
    held: dict[str, Any] = json.loads(json.dumps(values, default=lambda _: "[secret]"))
    return held


def multiplied(state: dict[str, Any], engine: str, count: int) -> dict[str, Any]:
    """Return a state with copies of one of its engines, each a mount with a role of its own.

    Args:
        state: As :func:`exported` returns it.
        engine: Key of the engine, which occurs in no other's names.
        count: How many copies.
    """
    resources = state["deployment"]["resources"]
    component = f"vaultwif:vault:SecretsEngine::{engine}"
    own = [each for each in resources if component in f"{each['urn']} {each['parent']}"]
    doubled = engine.replace("-", "--")
    copies = []
    for number in range(count):
        text = json.dumps(own)
        for name in {engine, doubled}:
            text = text.replace(name, f"{name}{number:03}")
        copies += json.loads(text.replace("_0a1b2c3d", f"_{number:08x}"))
    return {**state, "deployment": {**state["deployment"], "resources": [*resources, *copies]}}


def previewed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what ``pulumi preview --json`` would print between two states."""
    old = {each["urn"]: each for each in before["deployment"]["resources"]}
    new = {each["urn"]: each for each in after["deployment"]["resources"]}
    steps = []
    for urn, state in new.items():
        # What a provider answers is known only once it is asked.
        planned = {key: value for key, value in state.items() if key != "outputs"}
        if urn not in old:
            steps.append({"op": "create", "urn": urn, "newState": planned})
        else:
            op = "same" if old[urn]["inputs"] == state["inputs"] else "update"
            steps.append({"op": op, "urn": urn, "oldState": old[urn], "newState": planned})
    steps += [
        {"op": "delete", "urn": urn, "oldState": state}
        for urn, state in old.items()
        if urn not in new
    ]
    return {"steps": steps}
