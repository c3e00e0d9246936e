"""What a change of the settings does is exactly what it says: each preview, resource by resource.

Every case is one edit of a deployed stack's settings, previewed by the real engine and never made.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab import full
from tests.lab.conftest import ROOT
from tests.lab.logins import make_role
from tests.lab.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.conftest import Laboratory

Values = dict[str, Any]
USER = {"credentialType": "iam_user", "policy": "policies/aws/get-own-user.json"}


def declared() -> Values:
    """Return settings with two engines and a method, of which each case changes one thing."""
    return {
        "vault": {"address": "https://vault.lab.test"},
        "accounts": {
            "main": {"id": full.MAIN, "region": "us-east-1"},
            "data": {"id": full.DATA, "region": "us-east-1", "profile": "data"},
        },
        "secretsEngines": {
            "aws": {"account": "main", "audience": "vault-aws", "roles": {"one": USER}},
            "beside": {"account": "main", "audience": "vault-beside", "roles": {"one": USER}},
        },
        "authMethods": {
            "aws": {
                "account": "main",
                "audience": "vault-aws-auth",
                "roles": {
                    "app": {
                        "boundPrincipals": [f"arn:aws:iam::{full.MAIN}:role/app"],
                        "policies": ["dev"],
                    }
                },
            }
        },
    }


@pytest.fixture(scope="module")
def stack(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack, deployed once."""
    make_role(world, "app")
    made = Stack(world, tmp_path_factory.mktemp("changes"), "dev", ROOT)
    made.create(declared())
    made.up()
    return made


@pytest.fixture
def edit(stack: Stack) -> Iterator[Callable[[Callable[[Values], object]], dict[str, str]]]:
    """Change the settings and return what an update would do; the settings are put back after."""

    def changes(change: Callable[[Values], object]) -> dict[str, str]:
        values = copy.deepcopy(declared())
        change(values)
        stack.configure(values)
        return stack.changes()

    yield changes
    stack.configure(declared())


def _mounts(values: Values) -> list[Values]:
    return [*values["secretsEngines"].values(), *values["authMethods"].values()]


def _rename_account(values: Values) -> None:
    values["accounts"]["production"] = values["accounts"].pop("main")
    for mount in _mounts(values):
        mount["account"] = "production"


def _move_into_namespace(values: Values) -> None:
    values["vault"]["namespaces"] = {"team-a": "managed"}
    values["secretsEngines"]["beside"]["namespace"] = "team-a"


GUARD = f"{full.MAIN}/root-guard"
"""Remembers which audiences are the stack's own, so it changes with each of them."""


def _engine(key: str, *roles: str) -> set[str]:
    """Every resource of an engine, by name."""
    parts: tuple[str, ...] = (
        "",
        "-access",
        "-audience",
        "-check",
        "-leases",
        "-mount",
        "-role",
        "-session",
    )
    parts += ("-signing", "-usernames", "-users", "-workload", "-workload-role")
    plain = {f"{key}{part}" for part in parts if part not in ("-access", "-leases", "-role")}
    return (
        plain | {f"{key}-workload-policy/revoke"} | {each for r in roles for each in _role(key, r)}
    )


def _role(key: str, role: str) -> set[str]:
    """Every resource of one Vault role of an engine, by name."""
    kinds = ("access", "leases", "role", "workload-policy")
    issue = {"workload-policy": f"issue-{role}"}
    return {f"{key}-{kind}/{issue.get(kind, role)}" for kind in kinds}


def _all(operation: str, names: set[str]) -> dict[str, str]:
    return dict.fromkeys(names, operation)


MOUNT_MADE_ANEW = {
    "mount": "replace",
    "leases/one": "replace",
    "role/one": "replace",
    "usernames": "update",
    "workload-role": "update",
    "check": "update",
    "session": "update",
}
"""What follows from another accessor: the old leases end first, and the trust names the new one."""


def _anew(key: str, **more: str) -> dict[str, str]:
    told = {name.replace("_", "-"): operation for name, operation in more.items()}
    return {f"{key}-{name}": how for name, how in {**MOUNT_MADE_ANEW, **told}.items()}


CASES: dict[str, tuple[Callable[[Values], object], dict[str, str]]] = {
    "a role more": (
        lambda values: values["secretsEngines"]["aws"]["roles"].update(two=USER),
        _all("create", _role("aws", "two")),
    ),
    "a role less": (
        lambda values: values["secretsEngines"]["aws"].pop("roles"),
        _all("delete", _role("aws", "one")),
    ),
    "a role of another name": (
        lambda values: values["secretsEngines"]["aws"].update(roles={"other": USER}),
        _all("create", _role("aws", "other")) | _all("delete", _role("aws", "one")),
    ),
    "an engine more": (
        lambda values: values["secretsEngines"].update(
            more={"account": "main", "audience": "vault-more", "roles": {"one": USER}}
        ),
        {**_all("create", _engine("more", "one")), GUARD: "update"},
    ),
    "an engine less": (
        lambda values: values["secretsEngines"].pop("beside"),
        {**_all("delete", _engine("beside", "one")), GUARD: "update"},
    ),
    "an engine of another name": (
        lambda values: values["secretsEngines"].update(
            other=values["secretsEngines"].pop("beside") | {"path": "other"}
        ),
        _all("create", _engine("other", "one")) | _all("delete", _engine("beside", "one")),
    ),
    "another audience": (
        lambda values: values["secretsEngines"]["aws"].update(audience="vault-other"),
        {**_anew("aws", signing="replace", audience="replace"), GUARD: "update"},
    ),
    "another path": (
        lambda values: values["secretsEngines"]["aws"].update(path="cloud/aws"),
        _anew("aws") | {"aws-access/one": "update"},
    ),
    "a method less": (
        lambda values: values.pop("authMethods"),
        {
            **_all(
                "delete",
                {
                    "auth/aws",
                    *(
                        f"auth/aws-{part}"
                        for part in (
                            *("audience", "check", "client", "identity", "mount", "policy/dev"),
                            *("role/app", "signing", "workload", "workload-role"),
                            "workload-policy/resolve-app",
                        )
                    ),
                },
            ),
            GUARD: "update",
        },
    ),
    "an account of another name": (_rename_account, {}),
    "an account that nothing needs less": (
        lambda values: values["accounts"].pop("data"),
        {full.DATA: "delete"},
    ),
    "a namespace more": (
        lambda values: values["vault"].update(namespaces={"team-a": "managed"}),
        _all(
            "create",
            {"team-a", "team-a-namespace-check", "team-a-namespace", "team-a-namespace-guard"},
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_preview_shows_exactly_what_was_changed(
    edit: Callable[[Callable[[Values], object]], dict[str, str]], case: str
) -> None:
    change, expected = CASES[case]
    assert edit(change) == expected


def test_another_account_makes_everything_of_the_engine_anew_and_nothing_else(
    edit: Callable[[Callable[[Values], object]], dict[str, str]],
) -> None:
    shown = edit(lambda values: values["secretsEngines"]["beside"].update(account="data"))
    made = {f"{full.DATA}/root{part}" for part in ("", "-check", "-oidc", "-guard")}
    assert {name for name, how in shown.items() if how == "create"} == made
    assert set(shown) - made - {GUARD} <= _engine("beside", "one")
    for part in ("mount", "audience", "users", "leases/one", "role/one", "workload-role"):
        assert shown[f"beside-{part}"] == "replace", part


def test_another_namespace_makes_everything_of_the_engine_anew_and_nothing_else(
    edit: Callable[[Callable[[Values], object]], dict[str, str]],
) -> None:
    shown = edit(_move_into_namespace)
    created = {name for name, how in shown.items() if how == "create"}
    assert all("team-a" in name for name in created)
    assert set(shown) - created - {GUARD} <= _engine("beside", "one")
    for part in ("mount", "signing", "audience", "users", "leases/one", "role/one", "access/one"):
        assert shown[f"beside-{part}"] == "replace", part


def test_the_same_settings_show_no_change(stack: Stack) -> None:
    assert stack.changes() == {}
