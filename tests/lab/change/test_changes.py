"""What a change of the settings does is exactly what it says: each preview, resource by resource.

Every case is one edit of a deployed stack's settings, previewed by the real engine and never made.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from lab.home import read_json
from tests.committed import USER
from tests.lab import full
from tests.lab.conftest import ROOT
from tests.lab.logins import make_role
from tests.lab.stacks import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.conftest import Laboratory

Values = dict[str, Any]
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
    make_role(world, "other")
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


def _in_accounts(values: Values) -> list[Values]:
    sections = ("secretsEngines", "authMethods", "targetRoles")
    return [entry for section in sections for entry in values[section].values()]


def _rename_account(values: Values) -> None:
    values["accounts"]["production"] = values["accounts"].pop("main")
    for entry in _in_accounts(values):
        entry["account"] = "production"


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
    """Every resource of an engine but its audience, by name."""
    parts = ["", "-federation", "-mount", "-workload", "-workload/revoke"]
    return {f"{key}{part}" for part in parts} | {each for r in roles for each in _role(key, r)}


def _audience(audience: str, place: str = "root", account: str = full.MAIN) -> set[str]:
    """An audience that Vault signs for in one namespace, and one account accepts."""
    return {f"{account}/{place}-audience/{audience}"}


def _method(key: str, *roles: str) -> set[str]:
    """Every resource of an auth method, whose roles share one policy, but its audience."""
    parts = ["client", "federation", "identity", "mount", "policy/dev", "workload"]
    parts += [f"role/{role}" for role in roles]
    names = {f"auth/{key}-{part}" for part in parts}
    return names | {f"auth/{key}"} | {f"auth/{key}-workload/resolve-{r}" for r in roles}


LOGIN = {"people", "people-client", "people-method", "people-role"}


def _group(name: str) -> set[str]:
    return {f"people-group/{name}", f"people-alias/{name}"}


def _login_role(name: str) -> set[str]:
    return {f"auth/aws-role/{name}", f"auth/aws-workload/resolve-{name}"}


def _role(key: str, role: str) -> set[str]:
    """Every resource of one Vault role of an engine, by name."""
    kinds = ("access", "leases", "role", "workload")
    issue = {"workload": f"issue-{role}"}
    return {f"{key}-{kind}/{issue.get(kind, role)}" for kind in kinds}


def _all(operation: str, names: set[str]) -> dict[str, str]:
    return dict.fromkeys(names, operation)


MOUNT_MADE_ANEW = {
    "mount": "replace",
    "leases/one": "replace",
    "role/one": "replace",
    "workload": "update",
    "federation": "update",
}
"""What follows from another accessor: the old leases end first, and the trust names the new one."""


def _elsewhere(key: str, role: str) -> dict[str, str]:
    """What another account or namespace of an engine does to it."""
    anew = [f"leases/{role}", "mount", f"role/{role}", "federation", "workload"]
    anew += [f"workload/issue-{role}", "workload/revoke"]
    return _all("replace", {f"{key}-{part}" for part in anew})


def _in_another_namespace(key: str, role: str) -> dict[str, str]:
    return {**_elsewhere(key, role), f"{key}-access/{role}": "replace"}


def _namespace(path: str) -> set[str]:
    """What a managed namespace with an engine has of its own, by name."""
    own = {path, *(f"{path}-namespace{part}" for part in ("", "-check", "-guard"))}
    issuer = {f"{path}-{part}" for part in ("check", "config", "guard", "key")}
    return own | issuer | {f"{full.MAIN}/{path}{p}" for p in ("", "-check", "-guard", "-oidc")}


MOVED = {
    **_in_another_namespace("inner", "deploy"),
    **_all("replace", {"people-method", "people-role"}),
    **_all("replace", {"people-group/engineering", "people-alias/engineering"}),
    **_all("update", {"people-client", "deploy-role"}),
}
"""What is in the namespace, and the trust that names the engine's role."""


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
        {**_all("create", _engine("more", "one") | _audience("vault-more")), GUARD: "update"},
    ),
    "an engine less": (
        lambda values: values["secretsEngines"].pop("beside"),
        {**_all("delete", _engine("beside", "one") | _audience("vault-beside")), GUARD: "update"},
    ),
    "an engine of another name": (
        lambda values: values["secretsEngines"].update(
            other=values["secretsEngines"].pop("beside") | {"path": "other"}
        ),
        _all("create", _engine("other", "one")) | _all("delete", _engine("beside", "one")),
    ),
    "another audience": (
        lambda values: values["secretsEngines"]["aws"].update(audience="vault-other"),
        {
            **_anew("aws"),
            **_all("create", _audience("vault-other")),
            **_all("delete", _audience("vault-aws")),
            GUARD: "update",
        },
    ),
    "another path": (
        lambda values: values["secretsEngines"]["aws"].update(path="cloud/aws"),
        _anew("aws") | {"aws-access/one": "update"},
    ),
    "a method less": (
        lambda values: values.pop("authMethods"),
        {**_all("delete", _method("aws", "app") | _audience("vault-aws-auth")), GUARD: "update"},
    ),
    "a method more": (
        lambda values: values["authMethods"].update(
            more={"account": "main", "audience": "vault-more", "roles": {"app": APP}}
        ),
        {**_all("create", _method("more", "app") | _audience("vault-more")), GUARD: "update"},
    ),
    "a method of another name": (
        lambda values: values["authMethods"].update(other=values["authMethods"].pop("aws")),
        {
            **_all("create", _method("other", "app")),
            **_all("delete", _method("aws", "app")),
        },
    ),
    "another audience of a method": (
        lambda values: values["authMethods"]["aws"].update(audience="vault-other"),
        {
            "auth/aws-client": "replace",
            **_all("create", _audience("vault-other")),
            **_all("delete", _audience("vault-aws-auth")),
            **_all("update", {GUARD, "auth/aws-federation", "auth/aws-workload"}),
        },
    ),
    "another namespace of a method": (
        lambda values: values["authMethods"]["aws"].update(namespace="apps"),
        {
            **_all("replace", _method("aws", "app") - {"auth/aws", "auth/aws-federation"}),
            **_all("create", _audience("vault-aws-auth", "apps")),
            **_all("delete", _audience("vault-aws-auth")),
            **_all("update", {GUARD, f"{full.MAIN}/apps-guard", "auth/aws-federation"}),
        },
    ),
    "a login role more": (
        lambda values: values["authMethods"]["aws"]["roles"].update(two=APP),
        _all("create", _login_role("two")),
    ),
    "a login role less": (
        lambda values: values["authMethods"]["aws"].update(roles={}),
        _all("delete", {"auth/aws-policy/dev", *_login_role("app")}),
    ),
    "a login role of another name": (
        lambda values: values["authMethods"]["aws"].update(roles={"other": APP}),
        _all("create", _login_role("other")) | _all("delete", _login_role("app")),
    ),
    "another principal of a login role": (
        lambda values: values["authMethods"]["aws"]["roles"].update(
            app=APP | {"boundPrincipals": [f"arn:aws:iam::{full.MAIN}:role/other"]}
        ),
        _all("update", _login_role("app")),
    ),
    "a target role less": (
        _without_target,
        _all(
            "delete",
            {"deploy", "deploy-policy", "deploy-role"}
            | _role("inner", "deploy")
            | LOGIN
            | _group("engineering"),
        ),
    ),
    "a target role more": (
        lambda values: values["targetRoles"].update(more=values["targetRoles"]["deploy"]),
        _all("create", {"more", "more-policy", "more-role"}),
    ),
    "a target role trusts another engine too": (
        lambda values: values["targetRoles"]["deploy"].update(trustedBy=["aws", "inner"]),
        {"deploy-role": "update"},
    ),
    "a login less": (
        lambda values: values.pop("humanLogins"),
        _all("delete", LOGIN | _group("engineering")),
    ),
    "a group more": (
        lambda values: values["humanLogins"]["people"]["groups"].update(
            operations={"awsRoles": ["inner/deploy"]}
        ),
        {**_all("create", _group("operations")), "people-role": "update"},
    ),
    "a group of another name": (
        lambda values: values["humanLogins"]["people"].update(
            groups={"operations": {"awsRoles": ["inner/deploy"]}}
        ),
        {
            **_all("create", _group("operations")),
            **_all("delete", _group("engineering")),
            "people-role": "update",
        },
    ),
    "another path of a login": (
        lambda values: values["humanLogins"]["people"].update(path="staff"),
        {
            **_all("replace", {"people-method", "people-role"}),
            **_all("update", {"people-client", "people-alias/engineering"}),
        },
    ),
    "another account of an engine": (
        lambda values: values["secretsEngines"]["beside"].update(account="data"),
        {
            **_elsewhere("beside", "one"),
            f"{full.DATA}/root-audience/vault-beside": "create",
            f"{full.MAIN}/root-audience/vault-beside": "delete",
            **_all("create", {f"{full.DATA}/root{p}" for p in ("", "-check", "-oidc", "-guard")}),
            f"{full.DATA}-check": "create",
            GUARD: "update",
        },
    ),
    "another namespace of an engine": (
        lambda values: values["secretsEngines"]["beside"].update(namespace="apps"),
        {
            **_in_another_namespace("beside", "one"),
            **_all("create", _audience("vault-beside", "apps")),
            **_all("delete", _audience("vault-beside")),
            **_all("update", {GUARD, f"{full.MAIN}/apps-guard"}),
        },
    ),
    "a namespace of another name": (
        _rename_namespace,
        {
            **_all("create", _namespace("team-a") | _audience("vault-inner", "team-a")),
            **_all("delete", _namespace("apps") | _audience("vault-inner", "apps")),
            **MOVED,
        },
    ),
    "a namespace less": (
        _leave_namespace,
        {
            **_all("create", _audience("vault-inner")),
            **_all("delete", _namespace("apps") | _audience("vault-inner", "apps")),
            **MOVED,
            GUARD: "update",
        },
    ),
    "an account of another name": (_rename_account, {}),
    "an account that nothing needs less": (
        lambda values: values["accounts"].pop("data"),
        {full.DATA: "delete"},
    ),
    "a namespace more": (
        lambda values: values["vault"]["namespaces"].update({"team-a": "managed"}),
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
