"""A stack that is well, and one fault for each thing that the doctor looks at."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from lab.switches import Fault, Switches, store
from tests.lab.conftest import ROOT, lab_command
from tests.lab.logins import make_role
from tests.lab.stacks import Stack, administrator, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.lab.conftest import Laboratory

MAIN = "arn:aws:iam::123456789012"
ISSUER = "vault.lab.test/v1/identity/oidc/plugins"
DEPLOYER = f"{MAIN}:role/deployer"
READS = re.compile(
    r"(GET|HEAD|LIST) |POST /v1/sys/capabilities-self$|PUT /v1/sys/capabilities-self$"
)
_FAKE_ENGINE = """#!/bin/sh
case "$1" in
  version) echo v3.100.0 ;;
  plugin) echo '[]' ;;
  *) exec {engine} "$@" ;;
esac
"""


@dataclass(frozen=True)
class Answer:
    """What the doctor said, and how it ended."""

    code: int
    rows: list[dict[str, str]]

    def of(self, what: str) -> list[tuple[str, str]]:
        """Return state and words of everything that it says of one thing."""
        found = [row for row in self.rows if row["what"] == what]
        return [(row["state"], f"{row['detail']} → {row['fix']}") for row in found]


@dataclass
class Patient:
    """A stack that has never been deployed, in a laboratory that can be made ill."""

    laboratory: Laboratory
    stack: Stack
    folder: Path
    answers: dict[str, Answer] = field(default_factory=dict)

    def asked(
        self, *, env: Mapping[str, str] | None = None, values: dict[str, Any] | None = None
    ) -> Answer:
        """Ask the doctor about the stack, with other settings if any are given."""
        self.stack.configure(values or declared())
        finished = self.laboratory.run(
            *("env", "-C", str(self.stack.folder), "vaultaws", "doctor", "--json"),
            env={"PULUMI_STACK": self.stack.name, **(env or {})},
            check=False,
        )
        assert "Traceback" not in finished.stderr, finished.stderr
        document = json.loads(finished.stdout)
        assert document["stack"] == self.stack.name
        return Answer(finished.returncode, document["rows"])

    @contextmanager
    def switched(self, **switches: Any) -> Iterator[None]:  # noqa: ANN401 - see Switches
        """Let the laboratory be ill for a while."""
        store(self.laboratory.home, Switches(**switches))
        try:
            yield
        finally:
            store(self.laboratory.home, Switches())


def declared() -> dict[str, Any]:
    """Return settings with a namespace, an auth method and a target role."""
    values = settings()
    values["vault"]["namespaces"] = {"team": "managed"}
    values["secretsEngines"]["team"] = {
        "account": "main",
        "audience": "vault-team",
        "namespace": "team",
    }
    values["authMethods"] = {"aws": {"account": "main", "audience": "vault-logins"}}
    return values


@pytest.fixture(scope="module")
def patient(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    folder = tmp_path_factory.mktemp("doctor")
    stack = Stack(world, folder / "stack", "dev", ROOT)
    stack.create(declared())
    return Patient(world, stack, folder)


def test_a_stack_that_is_well_is_told_so_and_nothing_is_written(patient: Patient) -> None:
    home = patient.laboratory.home
    before = len(patient.laboratory.decisions())
    with patient.switched(fault=Fault(kind="watch-all")):
        answer = patient.asked()
    assert answer.code == 0, answer.rows
    # The laboratory's network is one that intercepts: its authority signs for Vault and for AWS.
    (ill,) = [row for row in answer.rows if row["state"] != "ok"]
    assert (ill["what"], ill["state"]) == ("issuer's host, interception", "warn")
    asked = [json.loads(line)["write"] for line in home.writes.read_text("utf-8").splitlines()]
    vault = [each.partition(" ")[2] for each in asked if each.startswith("vault.lab.test ")]
    assert [each for each in vault if not READS.match(re.sub(r" \(\d+\)$", "", each))] == []
    assert any("capabilities-self" in each for each in vault)
    actions = {entry["action"] for entry in patient.laboratory.decisions()[before:]}
    assert "iam:SimulatePrincipalPolicy" in actions
    assert {each for each in actions if not re.match(r"(iam|sts):(Get|List|Simulate)", each)} == {
        "sts:"  # a look at STS's clock, which nobody signs
    }


def _away(patient: Patient) -> Answer:
    with patient.switched(unreachable=("vault.lab.test",)):
        return patient.asked(env={"AWS_PROFILE": "nobody"})


def _secondary(patient: Patient) -> Answer:
    with patient.switched(vault_replication="secondary"):
        return patient.asked()


def _server(*flags: str) -> Callable[[Patient], Answer]:
    def ask(patient: Patient) -> Answer:
        lab_command("up", patient.laboratory.home.root, *flags)
        try:
            return patient.asked()
        finally:
            plain = ("--vault-edition", "ent", "--no-hide-vault-version")
            lab_command("up", patient.laboratory.home.root, *plain)

    return ask


def _limited(patient: Patient) -> Answer:
    """Neither the token nor the deploying role may do anything, not even ask."""
    token = patient.laboratory.vault().auth.token.create(policies=["default"], ttl="10m")
    make_role(patient.laboratory, "idle")
    values = declared()
    values["accounts"]["main"]["deployRoleArn"] = f"{MAIN}:role/idle"
    env = {"VAULT_TOKEN": token["auth"]["client_token"]}
    return patient.asked(values=values, env=env)


def _taken(patient: Patient) -> Answer:
    """Others have what the stack is about to make, in a world whose clocks differ."""
    laboratory = patient.laboratory
    iam, root = administrator(laboratory), laboratory.vault()
    make_role(laboratory, "deployer")
    allowed = {"Effect": "Allow", "Action": ["iam:Simulate*", "iam:Get*", "iam:List*"]}
    policy = {"Version": "2012-10-17", "Statement": [{**allowed, "Resource": "*"}]}
    iam.put_role_policy(RoleName="deployer", PolicyName="looks", PolicyDocument=json.dumps(policy))
    made = iam.create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=[f"a{number}" for number in range(100)]
    )
    key = "dev-root-plugin-identity"
    root.write_data("identity/oidc/config", data={"issuer": "https://other.example.com"})
    root.write_data(f"identity/oidc/key/{key}", data={"algorithm": "RS256"})
    root.write_data("sys/namespaces/team", data={})
    engine = patient.folder / "engine"
    engine.mkdir()
    real = laboratory.run("which", "pulumi").stdout.strip()
    (engine / "pulumi").write_text(_FAKE_ENGINE.format(engine=real), "utf-8")
    (engine / "pulumi").chmod(0o755)
    owner = laboratory.account("main")
    values = declared()
    values["accounts"]["main"] |= {
        "deployRoleArn": DEPLOYER,
        "boundary": f"{MAIN}:policy/nowhere",
    }
    env = {
        "PATH": f"{engine}:{laboratory.environment['PATH']}",
        "VAULT_NAMESPACE": "elsewhere",
        "VAULT_ADDR": "https://elsewhere.example.com",
        "AWS_ACCESS_KEY_ID": owner["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": owner["secret_access_key"],
    }
    try:
        with patient.switched(clock_offset_seconds=400, vault_clock_offset_seconds=500):
            return patient.asked(values=values, env=env)
    finally:
        root.delete(f"identity/oidc/key/{key}")
        root.write_data("identity/oidc/config", data={"issuer": ""})
        root.delete("sys/namespaces/team")
        iam.delete_open_id_connect_provider(
            OpenIDConnectProviderArn=made["OpenIDConnectProviderArn"]
        )


def _private(patient: Patient) -> Answer:
    """AWS is to read the issuer under another name, which is out of reach from here."""
    values = declared()
    values["vault"]["issuerAddress"] = "https://issuer.lab.test"
    with patient.switched(unreachable=("issuer.lab.test",)):
        return patient.asked(values=values)


def _pinned(patient: Patient) -> Answer:
    values = declared()
    values["vault"]["caSha256"] = "0" * 64
    return patient.asked(values=values)


def _alternating(patient: Patient) -> Answer:
    with patient.switched(presented_chain={"vault.lab.test": "alternating"}):
        return patient.asked()


def _existing(patient: Patient) -> Answer:
    """What others are to have made, they have not, and the token is about to end."""
    token = patient.laboratory.vault().auth.token.create(policies=["root"], ttl="10m")
    values = declared()
    values["vault"] |= {"issuer": "existing", "namespaces": {"team": "existing"}}
    values["accounts"]["main"]["identityProvider"] = "existing"
    return patient.asked(values=values, env={"VAULT_TOKEN": token["auth"]["client_token"]})


def _wrong(patient: Patient) -> Answer:
    values = declared()
    values["secretsEngines"]["aws"]["account"] = "nowhere"
    return patient.asked(values=values)


RUNS: dict[str, Callable[[Patient], Answer]] = {
    "away": _away,
    "secondary": _secondary,
    "community": _server("--vault-edition", "community"),
    "hidden": _server("--hide-vault-version"),
    "limited": _limited,
    "taken": _taken,
    "private": _private,
    "pinned": _pinned,
    "alternating": _alternating,
    "existing": _existing,
    "wrong": _wrong,
}

FOUND = (
    ("away", "Vault, connection", "broken", "does not let the request through"),
    ("away", "Vault, everything else", "unknown", "were not looked at"),
    ("away", "issuer's host, certificate chain", "broken", "refuses a tunnel"),
    ("away", "account main, identity", "broken", "nobody"),
    ("away", "account main, everything else", "unknown", "were not looked at"),
    ("secondary", "Vault, connection", "broken", "Let vault.address lead to the primary"),
    ("community", "Vault, edition and release", "broken", "not Enterprise"),
    ("hidden", "Vault, edition and release", "broken", "its version is hidden"),
    ("limited", "Vault, rights of the token", "broken", "delete, read, update on sys/mounts/aws"),
    ("limited", "namespace root", "unknown", "does not read identity/oidc/config"),
    ("limited", "account main, rights to deploy", "unknown", "iam:SimulatePrincipalPolicy"),
    ("limited", "account main, identity providers", "unknown", "AccessDenied"),
    ("limited", "account main, quotas", "unknown", "AccessDenied"),
    ("taken", "this shell, variables", "broken", "VAULT_NAMESPACE is 'elsewhere'"),
    ("taken", "this shell, address", "warn", "export VAULT_ADDR=https://vault.lab.test"),
    ("taken", "this shell, AWS credentials", "warn", "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"),
    ("taken", "this machine, Pulumi", "broken", "3.100.0; the program needs"),
    ("taken", "this machine, plugins", "broken", "may not be fetched"),
    ("taken", "clock of this machine", "broken", "400 s behind AWS"),
    ("taken", "clock of Vault", "broken", "s ahead of AWS: AWS refuses tokens"),
    ("taken", "namespace team, ownership", "broken", "vault.namespaces: {team: existing}"),
    ("taken", "issuer of root, ownership", "broken", "Set vault.issuer: existing"),
    ("taken", "issuer of root, signing key", "broken", "Give this stack another name"),
    ("taken", "account main, rights to deploy", "broken", "iam:AddClientIDToOpenIDConnectProvider"),
    ("taken", "account main, what the settings name", "broken", f"no {MAIN}:policy/nowhere"),
    ("taken", "account main, identity provider of root", "broken", "identityProvider: existing"),
    ("taken", f"account main, quota of audiences of {ISSUER}", "broken", "102 of 100"),
    ("private", "issuer of root, discovery document", "broken", "docs/private-vault.md"),
    ("private", "issuer's host, certificate chain", "broken", "issuer.lab.test:443"),
    ("pinned", "issuer's host, certificate chain", "broken", "a proxy may be intercepting TLS"),
    ("alternating", "issuer's host, certificate chain", "broken", "more than one certificate"),
    ("existing", "Vault, token", "warn", "ends in 9 min"),
    ("existing", "namespace team, ownership", "broken", "there is no namespace team"),
    ("existing", "issuer of root, ownership", "broken", "the root namespace has no issuer"),
    ("existing", "account main, identity provider of root", "broken", "managed in the account"),
    ("wrong", "settings of dev", "broken", 'secretsEngines.aws.account: "nowhere"'),
)


@pytest.mark.parametrize(("run", "what", "state", "words"), FOUND)
def test_a_fault_is_found_and_told_with_what_to_do(
    patient: Patient, run: str, what: str, state: str, words: str
) -> None:
    if run not in patient.answers:
        patient.answers[run] = RUNS[run](patient)
    answer = patient.answers[run]
    assert answer.code == 1
    found = answer.of(what)
    assert [each for each in found if each[0] == state and words in each[1]], found or answer.rows
    states = [row["state"] for row in answer.rows]
    assert states == sorted(states, key=["broken", "unknown", "warn", "ok"].index)


def test_what_has_been_deployed_is_its_own_and_what_changed_since_is_told(
    deployed: Laboratory,
) -> None:
    chain = {"vault.lab.test": "renewed-intermediate"}
    store(deployed.home, Switches(presented_chain=chain, unreachable=("people.lab.test",)))
    try:
        finished = deployed.run("vaultaws", "doctor", "--stack", "dev", check=False)
    finally:
        store(deployed.home, Switches())
    printed = " ".join(finished.stdout.split())
    assert finished.returncode == 0, printed
    assert "warn issuer's host, thumbprint: vault.lab.test presents" in printed
    assert "unknown login people, discovery document: https://people.lab.test" in printed
    assert "dev-root-plugin-identity is this stack's" in printed
    assert "Nothing that could be asked speaks against an update of dev: 1 unknown" in printed
    assert "looking at what an update of dev needs" in finished.stderr
    for secret in (deployed.environment["VAULT_TOKEN"], "false-client-secret"):
        assert secret not in finished.stdout + finished.stderr
