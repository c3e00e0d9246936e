"""What a change of the settings does is exactly what it says: each preview, resource by resource.

Every case is one edit of a deployed stack's settings, previewed by the real engine and never made.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from lab.home import read_json
from tests.lab import full
from tests.lab.conftest import ROOT
from tests.lab.logins import make_role
from tests.lab.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.conftest import Laboratory

Values = dict[str, Any]
USER = {"credentialType": "iam_user", "policy": "policies/aws/get-own-user.json"}
SESSION = {"credentialType": "assumed_role", "targetRoles": ["deploy"]}
APP = {"boundPrincipals": [f"arn:aws:iam::{full.MAIN}:role/app"], "policies": ["dev"]}


def declared() -> Values:
    """Return settings with something of everything, of which each case changes one thing."""
    return {
        "vault": {"address": "https://vault.lab.test", "namespaces": {"apps": "managed"}},
        "accounts": {
            "main": {"id": full.MAIN, "region": "us-east-1"},
            "data": {"id": full.DATA, "region": "us-east-1", "profile": "data"},
        },
        "secretsEngines": {
            "aws": {"account": "main", "audience": "vault-aws", "roles": {"one": USER}},
            "beside": {"account": "main", "audience": "vault-beside", "roles": {"one": USER}},
            "inner": {
                "account": "main",
                "audience": "vault-inner",
                "namespace": "apps",
                "roles": {"deploy": SESSION},
            },
        },
        "targetRoles": {
            "deploy": {
                "account": "main",
                "policy": "policies/aws/list-roles-and-users.json",
                "trustedBy": ["inner"],
            }
        },
        "authMethods": {
            "aws": {"account": "main", "audience": "vault-aws-auth", "roles": {"app": APP}},
        },
        "humanLogins": {
            "people": {
                "discoveryUrl": "https://people.lab.test",
                "clientId": "vault",
                "namespace": "apps",
                "groups": {"engineering": {"awsRoles": ["inner/deploy"]}},
            }
        },
    }


@pytest.fixture(scope="module")
def stack(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack, deployed once."""
    make_role(world, "app")
    made = Stack(world, tmp_path_factory.mktemp("changes"), "dev", ROOT)
    made.create(declared())
    (client,) = read_json(world.home.people)["clients"]
    made.hide_client_secret("people", client["secret"])
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


def _place(values: Values, namespace: str) -> None:
    values["vault"]["namespaces"] = {namespace: "managed"} if namespace else {}
    values["secretsEngines"]["inner"]["namespace"] = namespace
    values["humanLogins"]["people"]["namespace"] = namespace


def _rename_namespace(values: Values) -> None:
    _place(values, "team-a")


def _leave_namespace(values: Values) -> None:
    _place(values, "")


def _without_target(values: Values) -> None:
    for section in ("targetRoles", "humanLogins"):
        del values[section]
    del values["secretsEngines"]["inner"]["roles"]


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


def _method(key: str, *roles: str) -> set[str]:
    """Every resource of an auth method whose Vault roles share one policy, by name."""
    parts = ("audience", "check", "client", "identity", "mount", "policy/dev", "signing")
    parts += ("workload", "workload-role", *(f"role/{role}" for role in roles))
    names = {f"auth/{key}-{part}" for part in parts}
    return names | {f"auth/{key}"} | {f"auth/{key}-workload-policy/resolve-{r}" for r in roles}


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
        {**_all("delete", _method("aws", "app")), GUARD: "update"},
    ),
    "a method more": (
        lambda values: values["authMethods"].update(
            more={"account": "main", "audience": "vault-more", "roles": {"app": APP}}
        ),
        {**_all("create", _method("more", "app")), GUARD: "update"},
    ),
    "a method of another name": (
        lambda values: values["authMethods"].update(
            other=values["authMethods"].pop("aws") | {"audience": "vault-other"}
        ),
        {
            **_all("create", _method("other", "app")),
            **_all("delete", _method("aws", "app")),
            GUARD: "update",
        },
    ),
    "another audience of a method": (
        lambda values: values["authMethods"]["aws"].update(audience="vault-other"),
        {},
    ),
    "another namespace of a method": (
        lambda values: values["authMethods"]["aws"].update(namespace="apps"),
        {},
    ),
    "a login role more": (
        lambda values: values["authMethods"]["aws"]["roles"].update(two=APP),
        {},
    ),
    "a login role less": (
        lambda values: values["authMethods"]["aws"].update(roles={}),
        {},
    ),
    "a login role of another name": (
        lambda values: values["authMethods"]["aws"].update(roles={"other": APP}),
        {},
    ),
    "another principal of a login role": (
        lambda values: values["authMethods"]["aws"]["roles"].update(
            app=APP | {"boundPrincipals": [f"arn:aws:iam::{full.MAIN}:role/other"]}
        ),
        {},
    ),
    "a target role less": (_without_target, {}),
    "a target role more": (
        lambda values: values["targetRoles"].update(more=values["targetRoles"]["deploy"]),
        {},
    ),
    "a target role trusts another engine too": (
        lambda values: values["targetRoles"]["deploy"].update(trustedBy=["aws", "inner"]),
        {},
    ),
    "a login less": (lambda values: values.pop("humanLogins"), {}),
    "a group more": (
        lambda values: values["humanLogins"]["people"]["groups"].update(
            operations={"awsRoles": ["inner/deploy"]}
        ),
        {},
    ),
    "a group of another name": (
        lambda values: values["humanLogins"]["people"].update(
            groups={"operations": {"awsRoles": ["inner/deploy"]}}
        ),
        {},
    ),
    "another path of a login": (
        lambda values: values["humanLogins"]["people"].update(path="staff"),
        {},
    ),
    "another account of an engine": (
        lambda values: values["secretsEngines"]["beside"].update(account="data"),
        {},
    ),
    "another namespace of an engine": (
        lambda values: values["secretsEngines"]["beside"].update(namespace="apps"),
        {},
    ),
    "a namespace of another name": (_rename_namespace, {}),
    "a namespace less": (_leave_namespace, {}),
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


def test_the_same_settings_show_no_change(stack: Stack) -> None:
    assert stack.changes() == {}


@pytest.mark.parametrize("case", CASES)
def test_a_preview_shows_exactly_what_was_changed(
    edit: Callable[[Callable[[Values], object]], dict[str, str]], case: str
) -> None:
    change, expected = CASES[case]
    assert edit(change) == expected


def test_an_account_more_is_only_known(stack: Stack) -> None:
    values = declared()
    del values["accounts"]["data"]
    stack.configure(values)
    stack.up()
    stack.configure(declared())
    assert stack.changes() == {full.DATA: "create"}
