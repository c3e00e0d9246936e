"""Dynamic providers called as the engine calls them, with the clouds replaced."""

from __future__ import annotations

import base64
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.output import Unknown
from pulumi.runtime import rpc

from clients import tls
from components.dynamic import thumbprint

ROOT = Path(__file__).resolve().parents[2]


def test_pinned_thumbprints_ask_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "presented_chain", _must_not_be_called)
    news = {"host": "vault.example.com", "pinned": ["ab" * 20], "ca_sha256": None}
    checked = thumbprint._ThumbprintProvider().check({}, news)
    assert checked.failures == []
    assert checked.inputs["thumbprints"] == ["ab" * 20]


def test_an_unknown_host_makes_the_thumbprints_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "presented_chain", _must_not_be_called)
    for unknown in (Unknown(), rpc.UNKNOWN):  # type: ignore[no-untyped-call] # pulumi's own
        checked = thumbprint._ThumbprintProvider().check({}, {"host": unknown, "pinned": []})
        assert checked.inputs["thumbprints"] == rpc.UNKNOWN
        assert checked.failures == []


def _must_not_be_called(*_: object) -> list[bytes]:
    raise AssertionError("the network was asked")


def _dynamic_providers() -> list[Any]:
    found = []
    for file in sorted((ROOT / "components/dynamic").glob("*.py")):
        module = importlib.import_module(f"components.dynamic.{file.stem}")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, ResourceProvider)
            and value.__module__ == module.__name__
            and value.__name__.startswith("_")
        ]
    return found


@pytest.mark.parametrize("kind", _dynamic_providers(), ids=lambda kind: kind.__name__)
def test_a_provider_is_stored_by_reference_and_found_again_by_a_fresh_process(kind: Any) -> None:  # noqa: ANN401 - private classes
    stored = serialize_provider(kind())
    assert serialize_provider(kind()) == stored
    assert len(base64.b64decode(stored)) < 200, "its code stands in the state"
    assert kind.serialize_as_secret_always is False
    script = "import base64, dill, sys; print(type(dill.loads(base64.b64decode(sys.argv[1]))))"
    loaded = subprocess.run(
        [sys.executable, "-c", script, stored],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert kind.__name__ in loaded.stdout


def test_there_are_dynamic_providers_to_test() -> None:
    names = {kind.__name__ for kind in _dynamic_providers()}
    assert {"_ThumbprintProvider", "_AudienceProvider", "_FederationProvider"} <= names
