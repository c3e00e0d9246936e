"""A token and a deploying role with the rights of the two shipped files, and nothing else."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import hvac
import pytest

from clients.errors import VaultForbiddenError
from clients.logins import Logins
from clients.vault import Vault
from components.dynamic import connection
from federation.rights import lacking
from lab import switches
from lab.home import read_json
from lab.switches import Fault, Switches
from tests.lab import full
from tests.lab.conftest import ROOT, Laboratory
from tests.lab.stacks import Stack, administrator, holdings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

VAULT_FILE = ROOT / "policies/vault/deploy.hcl"
AWS_FILE = ROOT / "policies/aws/deploy.json"
DEPLOYER = f"arn:aws:iam::{full.MAIN}:role/deployer"
OTHER_ID = "another"
KEY = "dev-root-plugin-identity"
BOUNDARY = f"arn:aws:iam::{full.MAIN}:policy/wide"
EITHER = {("sys/namespaces/team-a", "create"), ("sys/namespaces/team-a", "update")}
"""Whether Vault takes a new namespace for the one or the other is not documented."""
_LOOK = """
import json, sys
from operations.recovery import unrecorded
resources = json.load(sys.stdin)["deployment"]["resources"]
steps = [{"op": "create", "newState": each} for each in resources]
print(*(found.what for found in unrecorded.find(unrecorded.planned_creates({"steps": steps}))))
"""
_NEEDED = """
import asyncio, json, sys
from pathlib import Path
import pulumi, settings, settings.rights
sections = {f"x:{key}": json.dumps(value) for key, value in json.load(sys.stdin).items()}
pulumi.runtime.set_all_config(sections, ["x:humanLoginSecrets"])
with asyncio.Runner() as runner:
    runner.get_loop()
    read = settings.load(pulumi.Config("x"), stack="dev", root=Path(sys.argv[1]))
needed = settings.rights.needed_in_vault(read)
print(json.dumps({path: sorted(held) for path, held in needed.items()}))
"""

Rules = dict[str, tuple[str, ...]]


def rules(text: str) -> Rules:
    """Return the capabilities of a Vault policy by path."""
    found = re.findall(r'path "([^"]+)" {\s*capabilities = \[([^]]*)\]\s*}', text)
    return {path: tuple(re.findall(r"\w+", held)) for path, held in found}


def written(held: Mapping[str, tuple[str, ...]]) -> str:
    """Return rules as the text of a Vault policy."""
    return "\n".join(
        f'path "{path}" {{ capabilities = {json.dumps(list(each))} }}'
        for path, each in held.items()
    )


def covers(pattern: str, path: str) -> bool:
    """Tell whether a path of a policy is about a path; a list may end with a slash."""
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    return pattern == path.rstrip("/")


RULES = rules(VAULT_FILE.read_text("utf-8"))
RIGHTS = [(path, capability) for path, held in RULES.items() for capability in held]


@dataclass
class World:
    """A stack that only the two files let anybody deploy, and what was seen of it."""

    laboratory: Laboratory
    stack: Stack
    root: hvac.Client
    """Root, straight at Vault's port: what it asks is not recorded."""
    token: str = field(repr=False)
    needed: dict[str, list[str]]
    """What a preview looks for, by path."""
    requests: set[tuple[str, str]] = field(default_factory=set)
    """Method and path of whatever the stack asked of Vault."""

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Remember what is asked of Vault meanwhile."""
        home = self.laboratory.home
        home.writes.unlink(missing_ok=True)
        switches.store(home, Switches(fault=Fault(kind="watch-all")))
        try:
            yield
        finally:
            switches.store(home, Switches())
        for line in home.writes.read_text("utf-8").splitlines():
            host, _, request = json.loads(line)["write"].partition(" ")
            if host == "vault.lab.test":
                method, _, path = re.sub(r" \(\d+\)$", "", request).partition(" /v1/")
                self.requests.add((method, path))

    @contextmanager
    def without(self, path: str, capability: str) -> Iterator[None]:
        """Take one right away from the token for a while."""
        left = {**RULES, path: tuple(each for each in RULES[path] if each != capability)}
        text = written({each: held for each, held in left.items() if held})
        self.root.sys.create_or_update_policy("deploy", text)
        try:
            yield
        finally:
            self.root.sys.create_or_update_policy("deploy", VAULT_FILE.read_text("utf-8"))

    def missing(self) -> list[str]:
        """Return what a preview would say that the token lacks."""
        asked = {"token": self.token, "paths": sorted(self.needed)}
        return lacking(self.needed, self.root.write_data("sys/capabilities", data=asked)["data"])


def _document(statement: dict[str, Any]) -> str:
    allowed = {"Effect": "Allow", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def _settings() -> dict[str, Any]:
    values = full.declared()
    login = {
        "discoveryUrl": "https://people.lab.test",
        "clientId": "vault",
        "groups": {"engineering": {"awsRoles": ["aws/session"]}},
    }
    values["vault"]["namespaces"] = {"team-a": "managed"}
    values["accounts"]["main"] |= {"deployRoleArn": DEPLOYER, "boundary": BOUNDARY}
    values["humanLogins"] = {"people": login}
    # Another account would take another deployer.
    del values["accounts"]["data"]
    values["targetRoles"]["deploy"]["account"] = "main"
    return values


def _change(values: dict[str, Any]) -> None:
    engine, method = values["secretsEngines"]["aws"], values["authMethods"]["aws"]
    engine |= {"description": "another", "defaultTtlSeconds": 1800}
    method |= {
        "description": "another",
        "stsRoles": [{"roleArn": full.LOOK_UP, "externalId": OTHER_ID}],
    }
    values["humanLogins"]["people"]["tokenTtlSeconds"] = 600
    values["targetRoles"]["deploy"]["managedPolicies"] = [full.READ_ONLY]
    del values["accounts"]["main"]["boundary"]


def _disturb(world: Laboratory, root: hvac.Client) -> None:
    """Change by hand what an update mends."""
    root.write_data("sys/mounts/auth/people/tune", data={"description": "by hand"})
    (group,) = root.list("identity/group/id")["data"]["keys"]
    alias = root.read(f"identity/group/id/{group}")["data"]["alias"]
    root.write_data(f"identity/group/id/{group}", data={"policies": []})
    root.write_data(
        f"identity/group-alias/id/{alias['id']}",
        data={
            "name": "by-hand",
            "mount_accessor": alias["mount_accessor"],
            "canonical_id": group,
        },
    )
    iam = administrator(world)
    iam.tag_role(RoleName=full.ENGINE_ROLE, Tags=[{"Key": "theirs", "Value": "x"}])
    iam.update_role(RoleName=full.ENGINE_ROLE, MaxSessionDuration=7200)
    iam.update_assume_role_policy(
        RoleName=full.METHOD_ROLE,
        PolicyDocument=_document(
            {"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{full.MAIN}:root"}}
        ),
    )
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.tag_open_id_connect_provider(
        OpenIDConnectProviderArn=provider["Arn"], Tags=[{"Key": "theirs", "Value": "x"}]
    )
    iam.untag_open_id_connect_provider(
        OpenIDConnectProviderArn=provider["Arn"], TagKeys=["vault-stack"]
    )
    iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=provider["Arn"], ThumbprintList=["0" * 40]
    )


@pytest.fixture(scope="module")
def deployed(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The stack deployed with the two files alone, then changed, looked through and disturbed."""
    full.surroundings(world)
    iam = administrator(world)
    iam.create_policy(
        PolicyName="wide",
        PolicyDocument=_document({"Action": ["iam:*", "sts:*"], "Resource": "*"}),
    )
    anybody = {"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{full.MAIN}:root"}}
    iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=_document(anybody))
    ids = {"StringEquals": {"sts:ExternalId": ["vault", OTHER_ID]}}
    administrator(world, "data").update_assume_role_policy(
        RoleName="vault-look-up", PolicyDocument=_document(anybody | {"Condition": ids})
    )
    iam.put_role_policy(
        RoleName="deployer", PolicyName="deploy", PolicyDocument=AWS_FILE.read_text("utf-8")
    )
    root = hvac.Client(
        url=f"http://127.0.0.1:{read_json(world.home.ports)['vault']}",
        token=world.environment["VAULT_TOKEN"],
        proxies={},
    )
    root.sys.create_or_update_policy("deploy", VAULT_FILE.read_text("utf-8"))
    made = root.auth.token.create(policies=["deploy"], no_default_policy=True)
    token = made["auth"]["client_token"]
    weak = Laboratory(world.home, {**world.environment, "VAULT_TOKEN": token})
    stack = Stack(weak, tmp_path_factory.mktemp("least"), "dev", ROOT)
    values = _settings()
    (stack.folder / full.LIST_USERS).write_text(
        (ROOT / "policies/aws/list-roles-and-users.json").read_text("utf-8"), "utf-8"
    )
    stack.create(values)
    stack.hide_client_secret("people", read_json(world.home.people)["clients"][0]["secret"])
    told = weak.run(
        *(sys.executable, "-c", _NEEDED, str(stack.folder)),
        stdin=json.dumps(values | {"humanLoginSecrets": {"people": "false-secret"}}),
    )
    found = World(world, stack, root, token, json.loads(told.stdout))
    with found.recorded():
        stack.up()
        exported = stack.pulumi("stack", "export").stdout
        weak.run(sys.executable, "-c", _LOOK, stdin=exported)
        _change(values)
        stack.configure(values)
        _disturb(world, root)
        stack.up()
    return found


def test_the_two_files_let_everything_be_done(deployed: World) -> None:
    deployed.stack.expect_no_changes()
    assert deployed.missing() == []


def _asked_for(world: World) -> set[tuple[str, str]]:
    """Return the rights that a preview looks for."""
    return {
        (rule, capability)
        for path, held in world.needed.items()
        for rule, allowed in RULES.items()
        for capability in held
        if covers(rule, path) and capability in allowed
    }


def test_without_one_of_the_rights_a_preview_names_it(deployed: World) -> None:
    """Each right, one after the other: the rules are Vault's to judge."""
    asked_for = _asked_for(deployed)
    assert asked_for | set(LOOKS) | EITHER == set(RIGHTS)
    for path, capability in sorted(asked_for):
        with deployed.without(path, capability):
            missing = [line.partition(" on ") for line in deployed.missing()]
        assert missing, (path, capability)
        assert {lacked for lacked, _, _ in missing} == {capability}
        assert all(covers(path, named) for _, _, named in missing)


def test_a_preview_refuses_with_all_that_is_missing(deployed: World) -> None:
    with deployed.without("sys/leases/lookup/aws/*", "sudo"):
        refused = deployed.stack.pulumi("preview", check=False)
    assert refused.returncode != 0
    assert (
        "the token of VAULT_TOKEN may not do in Vault at https://vault.lab.test what this stack "
        "needs; it lacks sudo on sys/leases/lookup/aws/creds/session; sudo on "
        "sys/leases/lookup/aws/creds/user; sudo on sys/leases/lookup/aws/sts/session; sudo on "
        "sys/leases/lookup/aws/sts/user. Add that to its policies, for which "
        "policies/vault/deploy.hcl is the pattern, or log in with another token"
    ) in refused.stdout


def _ask(namespace: str, question: Callable[[Vault], object]) -> str:
    with Vault("https://vault.lab.test", namespace) as vault:
        try:
            question(vault)
        except VaultForbiddenError as refusal:
            return str(refusal)
    return ""


LOOKS: dict[tuple[str, str], tuple[str, Callable[[Vault], object]]] = {
    ("auth/token/lookup-self", "read"): ("", lambda vault: vault.look_up_token()),
    ("sys/capabilities-self", "update"): ("", lambda vault: vault.capabilities(["aws/roles"])),
    ("sys/in-flight-req", "read"): ("", lambda vault: vault.requests_under_way()),
    ("sys/auth/aws/tune", "update"): ("", lambda vault: vault.set_token_key("aws", KEY)),
    ("sys/auth/aws/tune", "sudo"): ("", lambda vault: vault.set_token_key("aws", KEY)),
    ("auth/aws/role", "list"): ("", lambda vault: Logins(vault).method("aws")),
    ("auth/people/role", "list"): ("", lambda vault: Logins(vault).method("people")),
    ("identity/lookup/group", "update"): ("", lambda vault: Logins(vault).group("none")),
    ("team-a/sys/namespaces", "list"): ("team-a", lambda vault: vault.namespaces()),
    ("team-a/identity/oidc/key", "list"): ("team-a", lambda vault: vault.signing_keys()),
}
"""Rights without which a preview goes on, for few ever need them, and what does."""


@pytest.fixture
def _as_the_token(deployed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, deployed.laboratory.environment[name])
    monkeypatch.setenv("VAULT_CACERT", deployed.laboratory.environment["SSL_CERT_FILE"])
    monkeypatch.setenv("VAULT_TOKEN", deployed.token)


@pytest.mark.usefixtures("_as_the_token")
@pytest.mark.parametrize("right", LOOKS, ids=" ".join)
def test_without_one_of_the_other_rights_what_needs_it_names_it(
    right: tuple[str, str], deployed: World
) -> None:
    namespace, question = LOOKS[right]
    assert _ask(namespace, question) == ""
    with deployed.without(*right):
        refusal = _ask(namespace, question)
    assert right[0].removeprefix(f"{namespace}/") in refusal


@pytest.mark.usefixtures("_as_the_token")
def test_a_token_that_may_not_ask_what_it_may_is_only_told_so(
    deployed: World, caplog: pytest.LogCaptureFixture
) -> None:
    with deployed.without("sys/capabilities-self", "update"):
        assert connection._lacking("https://vault.lab.test", deployed.needed) == ""
    assert "the rights of the token are not looked at: Vault at https" in caplog.text


def test_a_deploying_role_without_an_action_is_refused_by_its_name(deployed: World) -> None:
    iam = administrator(deployed.laboratory)
    whole = AWS_FILE.read_text("utf-8")
    less = whole.replace('"iam:GetOpenIDConnectProvider",', "")
    assert less != whole
    iam.put_role_policy(RoleName="deployer", PolicyName="deploy", PolicyDocument=less)
    try:
        refused = deployed.stack.pulumi("preview", check=False)
    finally:
        iam.put_role_policy(RoleName="deployer", PolicyName="deploy", PolicyDocument=whole)
    assert refused.returncode != 0
    assert "is not authorized to perform: iam:GetOpenIDConnectProvider" in refused.stdout


def test_a_destroy_needs_no_more_and_nothing_of_the_files_is_idle(deployed: World) -> None:
    deployed.root.read("aws/creds/user")
    since = len(deployed.laboratory.decisions())
    assert since
    with deployed.recorded():
        deployed.stack.configure(_settings())
        deployed.stack.up()
        destroyed = deployed.stack.destroy()
    assert "cannot be seen" not in destroyed.stdout
    left = holdings(deployed.laboratory)
    assert set(left) <= {"roles", "policies", "users", "groups"}
    assert "deploy" in left["policies"]
    idle = {right for right in RIGHTS if not _used(*right, deployed.requests)}
    assert idle - EITHER - set(LOOKS) - _IN_THE_NAMESPACE == set()
    wanted = {
        action
        for statement in json.loads(AWS_FILE.read_text("utf-8"))["Statement"]
        for action in [statement["Action"]]
        for action in ([action] if isinstance(action, str) else action)
    }
    used = {
        action
        for decision in deployed.laboratory.decisions()
        if ":assumed-role/deployer/" in decision["principal"]
        for action in (decision["action"], *(each.split()[0] for each in decision["further"]))
        if decision["outcome"] == "allowed"
    }
    assert wanted - used == set()


_IN_THE_NAMESPACE = {("team-a/sys/mounts", "read"), ("team-a/sys/auth", "read")}
"""The list of requests does not tell namespaces apart; a preview looks for these two."""
_METHODS = {
    "read": {"GET"},
    "list": {"LIST", "GET"},
    "delete": {"DELETE"},
    "create": {"POST", "PUT"},
    "update": {"POST", "PUT"},
    "sudo": {"LIST", "GET", "POST", "PUT", "DELETE"},
}


def _used(rule: str, capability: str, requests: set[tuple[str, str]]) -> bool:
    return any(method in _METHODS[capability] and covers(rule, path) for method, path in requests)
