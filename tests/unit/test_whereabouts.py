"""Which Vault, login and role a person means, by what was typed and by a stack's state."""

from __future__ import annotations

import json

import pytest

from operations import OperationError, engine
from operations.credentials.targets import target
from operations.login.methods import Wanted, method
from operations.whereabouts import Whereabouts, whereabouts

ADDRESS = "https://vault.example.com"
ENGINES = {
    "aws": {
        "mount": "clouds/aws",
        "namespace": "team-a",
        "region": "eu-central-1",
        "read_credentials": {"reader": "vault read ..."},
    },
    "gov": {
        "mount": "aws",
        "namespace": "team-b",
        "region": "us-gov-west-1",
        "read_credentials": {"reader": "vault read ...", "writer": "vault read ..."},
    },
}
METHOD = {"namespace": "team-a", "region": "eu-central-1", "server_id": "vault-of-us"}
METHODS = {
    "one": {**METHOD, "mount": "aws", "log_in": {"app": "", "job": ""}},
    "two": {**METHOD, "mount": "aws-two", "log_in": {"app": ""}},
}
PEOPLE = {"people": {"mount": "staff", "namespace": "", "log_in": {"people": ""}}}
STACK = Whereabouts(
    address=ADDRESS,
    namespace="",
    stack="prod",
    outputs={"secrets_engines": ENGINES, "auth_methods": METHODS, "human_logins": PEOPLE},
)
PLAIN = Whereabouts(address=ADDRESS, namespace="team-c")


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployed stack, as the engine exports it, and no address in the shell."""
    root = {
        "type": "pulumi:pulumi:Stack",
        "urn": "urn:root",
        "outputs": {"secrets_engines": ENGINES},
    }
    connection = {
        "type": "pulumi-python:dynamic/vaultwif:Connection",
        "urn": "urn:connection",
        "outputs": {"address": ADDRESS},
    }
    exported = {"deployment": {"resources": [root, connection]}}

    def pulumi(*arguments: str, **_: object) -> str:
        return "selected\n" if "--show-name" in arguments else json.dumps(exported)

    monkeypatch.setattr(engine, "pulumi", pulumi)
    monkeypatch.setattr("operations.deployed.pulumi", pulumi)
    monkeypatch.setattr("shutil.which", lambda _: "/bin/pulumi")
    monkeypatch.setenv("VAULT_NAMESPACE", "of-the-shell")
    monkeypatch.delenv("VAULT_ADDR", raising=False)


def test_a_stack_that_is_named_counts_before_the_shell(
    state: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ADDR", "https://elsewhere.example.com")
    found = whereabouts("prod", "", "")
    assert (found.address, found.namespace, found.stack) == (ADDRESS, "", "prod")
    assert found.outputs["secrets_engines"] == ENGINES


def test_the_shell_counts_before_the_selected_stack(
    state: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_ADDR", f"{ADDRESS}/")
    found = whereabouts("", "", "")
    assert (found.address, found.namespace, found.stack) == (ADDRESS, "of-the-shell", "")
    assert whereabouts("", "https://typed.example.com", "typed/").namespace == "typed"


def test_nothing_else_said_the_selected_stack_is_meant(state: None) -> None:
    assert whereabouts("", "", "").stack == "selected"


def test_who_has_neither_is_told_what_to_say(state: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(OperationError, match=r"set VAULT_ADDR, or give --address, or --stack"):
        whereabouts("", "", "")


def test_a_stack_that_no_engine_can_read_is_told_to_do_without(
    state: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(OperationError, match=r"`pulumi`, .* leave out --stack .* set VAULT_ADDR"):
        whereabouts("prod", "", "")


def test_a_stack_and_an_address_contradict_each_other(state: None) -> None:
    with pytest.raises(OperationError, match="leave out address"):
        whereabouts("prod", ADDRESS, "")


@pytest.mark.parametrize(
    ("name", "mount", "namespace"),
    [
        ("aws/reader", "clouds/aws", "team-a"),
        ("clouds/aws/reader", "clouds/aws", "team-a"),
        ("gov/writer", "aws", "team-b"),
    ],
)
def test_of_a_stack_engines_are_meant_by_name_or_mount(
    name: str, mount: str, namespace: str
) -> None:
    meant = target(STACK, name, "")
    assert (meant.mount, meant.namespace, meant.name) == (mount, namespace, name)
    assert meant.region == ("us-gov-west-1" if mount == "aws" else "eu-central-1")


def test_without_a_stack_the_path_of_the_mount_is_meant() -> None:
    meant = target(PLAIN, "clouds/aws/reader", "eu-west-1")
    assert (meant.mount, meant.role, meant.namespace) == ("clouds/aws", "reader", "team-c")
    assert meant.region == "eu-west-1"


@pytest.mark.parametrize("name", ["aws", "/reader", "aws/", ""])
def test_what_is_not_engine_and_role_is_refused(name: str) -> None:
    with pytest.raises(OperationError, match=r"is not ENGINE/ROLE"):
        target(PLAIN, name, "")


def test_a_role_that_the_stack_does_not_have_is_answered_with_those_it_has() -> None:
    with pytest.raises(OperationError, match=r"has no aws/writer; it has aws/reader, gov/reader"):
        target(STACK, "aws/writer", "")


def test_the_only_login_of_a_kind_needs_no_words() -> None:
    meant = method(STACK, Wanted(kind="oidc"))
    assert (meant.path, meant.role, meant.namespace) == ("staff", "people", "")


@pytest.mark.parametrize(
    ("path", "role", "mount"),
    [("one", "job", "aws"), ("two", "", "aws-two"), ("aws", "app", "aws")],
)
def test_of_several_logins_one_is_meant_by_path_and_role(path: str, role: str, mount: str) -> None:
    meant = method(STACK, Wanted(kind="aws", path=path, role=role))
    assert meant.path == mount
    assert meant.role == (role or "app")
    assert (meant.server_id, meant.region) == ("vault-of-us", "eu-central-1")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(kind="aws"), r"several are possible:\n  --path one --role app\n"),
        (Wanted(kind="aws", role="none"), r"there is no such one:\n  --path one --role app\n"),
        (Wanted(kind="oidc", path="one"), r"there is no such one:\n  --path people --role people"),
    ],
)
def test_a_login_that_is_not_clear_is_answered_with_those_that_there_are(
    wanted: Wanted, said: str
) -> None:
    with pytest.raises(OperationError, match=said):
        method(STACK, wanted)


def test_a_stack_without_logins_of_a_kind_names_the_other_kind() -> None:
    place = Whereabouts(
        address=ADDRESS, namespace="", stack="prod", outputs={"auth_methods": METHODS}
    )
    with pytest.raises(OperationError, match="try --method aws"):
        method(place, Wanted(kind="oidc"))


def test_without_a_stack_vaults_own_defaults_count() -> None:
    meant = method(PLAIN, Wanted(kind="aws"))
    assert (meant.path, meant.role, meant.namespace) == ("aws", "", "team-c")
    assert meant.server_id == "vault.example.com"
    assert method(PLAIN, Wanted(kind="oidc", path="staff")).path == "staff"
