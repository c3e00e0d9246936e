"""The resource that writes a reset username template back, with Vault replaced."""

from __future__ import annotations

from typing import Self

import pytest

from clients import vault
from components import username_template

PROPS = {
    "address": "https://vault.test",
    "namespace": "team-a",
    "path": "aws",
    "accessor": "aws_1",
    "template": "declared",
}


class FakeVault:
    """One mount's template, what was written, and whether Vault answers."""

    def __init__(self) -> None:
        self.template = "declared"
        self.written: list[str] = []
        self.away = False

    def __call__(self, address: str, namespace: str) -> Self:
        assert (address, namespace) == ("https://vault.test", "team-a")
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def username_template(self, path: str) -> str:
        assert path == "aws"
        if self.away:
            raise vault.VaultUnreachableError("no connection")
        return self.template

    def set_username_template(self, path: str, template: str) -> None:
        assert path == "aws"
        self.template = template
        self.written.append(template)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> FakeVault:
    fake = FakeVault()
    monkeypatch.setattr(vault, "Vault", fake)
    return fake


def test_what_is_as_declared_is_not_written(held: FakeVault) -> None:
    provider = username_template._UsernameTemplateProvider()
    made = provider.create(PROPS)
    provider.update(made.id, {}, PROPS)
    assert held.written == []
    assert made.outs == PROPS


def test_a_reset_template_is_seen_by_a_refresh_and_written_back(held: FakeVault) -> None:
    provider = username_template._UsernameTemplateProvider()
    held.template = "Vault's own"
    seen = provider.read("aws", PROPS)
    assert seen.outs == seen.inputs == {**PROPS, "template": "Vault's own"}
    provider.update("aws", seen.outs, PROPS)
    assert held.written == ["declared"]


def test_a_refresh_that_cannot_look_keeps_what_is_recorded(held: FakeVault) -> None:
    held.away = True
    assert username_template._UsernameTemplateProvider().read("aws", PROPS).outs == PROPS
