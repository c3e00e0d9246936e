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

from clients import aws as aws_client
from clients import tls
from components import registered_audience, thumbprint

ROOT = Path(__file__).resolve().parents[2]
ARN = "arn:aws:iam::123456789012:oidc-provider/vault.example.com/v1/identity/oidc/plugins"


class FakeProviders:
    """The identity providers of one account, in memory."""

    def __init__(self, *registered: str, missing: bool = False) -> None:
        self.registered = set(registered)
        self.missing = missing
        self.refusing = False

    def __call__(self, access: aws_client.AccountAccess) -> FakeProviders:
        assert access.account_id == "123456789012"
        if self.refusing:
            raise aws_client.AwsError("cannot sign in to account 123456789012")
        return self

    def audiences(self, provider_arn: str) -> frozenset[str] | None:
        assert provider_arn == ARN
        return None if self.missing else frozenset(self.registered)

    def add(self, provider_arn: str, audience: str) -> None:
        assert provider_arn == ARN
        self.registered.add(audience)

    def remove(self, provider_arn: str, audience: str) -> None:
        assert provider_arn == ARN
        self.registered.discard(audience)


def _audience(providers: FakeProviders, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a private class
    monkeypatch.setattr(aws_client, "IdentityProviders", providers)
    return registered_audience._RegisteredAudienceProvider()


def _asked(*, exclusive: bool = True) -> dict[str, Any]:
    return {
        "provider_arn": ARN,
        "audience": "ours",
        "exclusive": exclusive,
        "account_id": "123456789012",
        "region": "us-east-1",
        "adopted": None,
    }


def test_an_audience_comes_and_goes_and_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    providers = FakeProviders("foreign")
    provider = _audience(providers, monkeypatch)
    made = provider.create(_asked())
    assert providers.registered == {"foreign", "ours"}
    assert not provider.diff(made.id, made.outs, _asked()).changes
    provider.delete(made.id, made.outs)
    provider.delete(made.id, made.outs)
    assert providers.registered == {"foreign"}


def test_an_audience_somebody_else_registered_survives(monkeypatch: pytest.MonkeyPatch) -> None:
    providers = FakeProviders("ours")
    provider = _audience(providers, monkeypatch)
    made = provider.create(_asked(exclusive=False))
    assert made.outs["adopted"] is True
    provider.delete(made.id, made.outs)
    assert providers.registered == {"ours"}


def test_an_audience_left_by_a_failed_run_of_the_owner_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    providers = FakeProviders("ours")
    provider = _audience(providers, monkeypatch)
    made = provider.create(_asked(exclusive=True))
    provider.delete(made.id, made.outs)
    assert providers.registered == set()


@pytest.mark.parametrize("missing", [True, False])
def test_a_refresh_sees_that_an_audience_is_gone(
    missing: bool,  # noqa: FBT001 - pytest passes it by name
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    providers = FakeProviders(missing=missing)
    provider = _audience(providers, monkeypatch)
    read = provider.read("any", {**_asked(), "adopted": False})
    assert read.id is None


def test_a_refresh_that_cannot_look_keeps_what_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    providers = FakeProviders("ours")
    provider = _audience(providers, monkeypatch)
    made = provider.create(_asked())
    providers.refusing = True
    read = provider.read(made.id, made.outs)
    assert (read.id, read.outs) == (made.id, made.outs)


@pytest.mark.parametrize("key", ["audience", "provider_arn"])
def test_another_audience_or_provider_is_another_resource(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = _audience(FakeProviders(), monkeypatch)
    made = provider.create(_asked())
    judged = provider.diff(made.id, made.outs, {**_asked(), key: "another"})
    assert judged.changes
    assert judged.replaces == [key]


def test_another_way_in_is_an_update(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = _audience(FakeProviders(), monkeypatch)
    made = provider.create(_asked())
    news = {**_asked(), "profile": "other"}
    judged = provider.diff(made.id, made.outs, news)
    assert (judged.changes, judged.replaces) == (True, [])
    assert provider.update(made.id, made.outs, news).outs["profile"] == "other"


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
    for file in sorted((ROOT / "components").glob("*.py")):
        module = importlib.import_module(f"components.{file.stem}")
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, ResourceProvider)
            and value.__module__ == module.__name__
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
    assert {"_ThumbprintProvider", "_RegisteredAudienceProvider", "_FederationCheckProvider"} <= (
        names
    )
