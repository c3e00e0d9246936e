"""What is looked at before an update: one fault for each row that the laboratory cannot seed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import pytest

from clients.deployer import Denial
from clients.errors import AwsError, CloudError, VaultError
from clients.held_token import HeldToken
from clients.vault import Node
from federation import quotas as of_aws
from operations.doctor import aws, clocks, machine, quotas, rows, told, vault
from operations.doctor.patient import Patient
from operations.doctor.rows import Row, State, broken, ok, unknown, warn
from tests.unit.declared import APP, ENGINES, METHODS, PEOPLE, changed, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from federation.deploy_rights import AwsRights

OWN = "pulumi-python:dynamic/vaultwif:"
MAIN = "arn:aws:iam::123456789012"
CALLER = f"{MAIN}:user/deployer"


def _patient(folder: Path, sections: dict[str, Any] = ENGINES, *state: dict[str, Any]) -> Patient:
    return Patient(stack="dev", settings=load(sections, folder), resources=state)


def _own(kind: str, **inputs: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"type": f"{OWN}{kind}", "inputs": inputs}


def _states(found: list[Row]) -> list[tuple[str, str]]:
    return [(row.what, row.state.value) for row in found]


def test_a_look_that_fails_is_a_row_and_hides_no_other() -> None:
    def first() -> Iterator[Row]:
        yield ok("a", "seen")
        raise CloudError("AWS is away")

    def second() -> Iterator[Row]:
        raise ZeroDivisionError("none")

    def third() -> Iterator[Row]:
        yield warn("c", "odd", "mend it")

    found = rows.gathered([("a, rest", first), ("b", second), ("c", third)])
    assert _states(found) == [("a", "ok"), ("a, rest", "unknown"), ("b", "unknown"), ("c", "warn")]
    assert found[1].detail == "AWS is away"
    assert "ZeroDivisionError: none" in found[2].detail
    assert all(row.fix for row in found if row.state is not State.OK)


def test_the_worst_is_told_first_and_what_is_alike_in_its_order() -> None:
    given = [ok("a", ""), warn("b", "", "x"), broken("c", "", "x"), unknown("d", "", "x")]
    found = rows.worst_first([*given, broken("e", "", "x")])
    assert [row.what for row in found] == ["c", "e", "d", "b", "a"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([broken("a", "", "x"), ok("b", "")], "An update of dev would fail: 1 broken, 1 ok."),
        ([unknown("a", "", "x"), warn("b", "", "x")], "Nothing that could be asked speaks against"),
        ([ok("a", "")], "Nothing speaks against an update of dev: 1 ok."),
    ],
)
def test_what_the_rows_come_to_is_said_in_a_sentence(found: list[Row], words: str) -> None:
    assert told.verdict("dev", found).startswith(words)


def test_rows_are_printed_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    told.show("dev", [broken("Vault, token", "none", "Log in"), ok("clock of Vault", "agrees")])
    printed = capsys.readouterr().out
    assert "broken  Vault, token: none" in printed
    assert "→ Log in" in printed


@pytest.mark.parametrize("name", machine.MISLEADING)
def test_a_variable_that_leads_elsewhere_is_told(name: str) -> None:
    (first, _) = machine.environment({name: "https://elsewhere"})
    assert (first.what, first.state) == ("this shell, variables", State.WARN)
    assert name in first.detail
    assert f"unset {name}" in first.fix


@pytest.mark.parametrize("name", machine.MASKING)
def test_credentials_that_mask_the_federation_are_told_by_name_alone(name: str) -> None:
    (_, second) = machine.environment({name: "hidden"})
    assert (second.what, second.state) == ("this shell, AWS credentials", State.WARN)
    assert name in second.detail
    assert "hidden" not in second.detail + second.fix


def test_a_plain_shell_is_well_and_a_profile_is_mentioned() -> None:
    found = list(machine.environment({"VAULT_SKIP_VERIFY": "false", "AWS_PROFILE": "main"}))
    assert [row.state for row in found] == [State.OK, State.OK]
    assert "AWS_PROFILE is main" in found[1].detail


def test_an_address_like_the_declared_one_is_no_row(folder: Path) -> None:
    declared = load(ENGINES, folder)
    assert list(machine.address(declared, {"VAULT_ADDR": "https://vault.example.com/"})) == []
    assert list(machine.address(declared, {})) == []


@pytest.mark.parametrize(
    ("there", "state"),
    [("3.258.9", "broken"), ("3.259.0", "ok"), ("3.300.1", "ok"), ("4.0.0", "warn")],
)
def test_an_engine_is_judged_by_the_one_that_was_tested(there: str, state: str) -> None:
    assert machine.engine(there, "3.259.0").state == state


def test_packages_that_were_not_tested_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tested = machine.pinned(machine.PINNED.read_text("utf-8"))
    assert set(tested) == {"pulumi", "pulumi-policy", *machine.PLUGINS}
    monkeypatch.setattr(machine, "pulumi", lambda *_: f"v{tested['pulumi']}\n")
    monkeypatch.setattr(machine, "_installed", tested.__getitem__)
    assert [row.state for row in machine.versions()] == [State.OK, State.OK]
    installed = tested | {"pulumi-aws": "6.0.0", "pulumi-vault": ""}
    monkeypatch.setattr(machine, "_installed", installed.__getitem__)
    (_, packages) = machine.versions()
    assert packages.state is State.WARN
    assert f"pulumi-aws is 6.0.0, tested is {tested['pulumi-aws']}" in packages.detail
    assert "pulumi-vault is absent" in packages.detail


@pytest.mark.parametrize(
    ("held", "state"),
    [({}, "warn"), ({"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true"}, "broken")],
)
def test_plugins_that_are_not_there_are_fetched_unless_that_is_forbidden(
    monkeypatch: pytest.MonkeyPatch, held: dict[str, str], state: str
) -> None:
    monkeypatch.setattr(machine, "pulumi", lambda *_: '[{"name": "aws", "version": "1.0.0"}]')
    (found,) = machine.plugins(held)
    assert found.state == state
    assert "aws 7." in found.detail


@pytest.mark.parametrize(
    ("ahead", "state"),
    [
        *((0.8, "ok"), (-4, "ok"), (6, "warn"), (59, "warn"), (60, "broken")),
        *((-599, "warn"), (-600, "broken")),
    ],
)
def test_the_clock_of_vault_is_judged_by_what_tokens_bear(ahead: float, state: str) -> None:
    assert clocks.vaults(ahead, 600).state == state


@pytest.mark.parametrize(
    ("ahead", "words", "state"),
    [
        (0.4, "to the second", "ok"),
        (30, "30 s behind AWS", "warn"),
        (-30, "30 s ahead of AWS", "warn"),
        (-300, "300 s ahead of AWS", "broken"),
    ],
)
def test_the_clock_of_this_machine_is_judged_by_what_signatures_bear(
    monkeypatch: pytest.MonkeyPatch, folder: Path, ahead: float, words: str, state: str
) -> None:
    monkeypatch.setattr(clocks, "seconds_ahead", lambda _region: ahead)
    monkeypatch.setattr(clocks, "Vault", lambda _address: _Silent())
    here, of_vault = clocks.clocks(load(ENGINES, folder))
    assert (here.state.value, words in here.detail) == (state, True)
    assert (of_vault.what, of_vault.state) == ("clock of Vault", State.UNKNOWN)


class _Silent:
    """A Vault that answers what each test lets it, and does not tell its time."""

    def __init__(self, **answers: Any) -> None:  # noqa: ANN401 - whatever Vault answers
        self.answers = answers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def node(self) -> Node:
        return Node(**self.answers.get("node", {}))

    def look_up_token(self) -> HeldToken:
        return HeldToken(
            name="root",
            entity_id="",
            policies=(),
            seconds=self.answers.get("ttl") or None,
            first_seconds=0,
            renewable=False,
        )

    def version(self) -> str:
        return str(self.answers["version"])

    def capabilities(self, _paths: list[str]) -> dict[str, list[str]]:
        raise VaultError("it may not ask")

    def has_namespace(self, name: str) -> bool:
        return name in self.answers["namespaces"]

    def issuer(self) -> str:
        return str(self.answers["issuer"])

    def signing_keys(self) -> list[str]:
        return list(self.answers["keys"])


def _answering(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:  # noqa: ANN401 - as above
    monkeypatch.setattr(vault, "Vault", lambda *_where, **_options: _Silent(**answers))


@pytest.mark.parametrize(
    ("node", "ttl", "states"),
    [
        ({}, 0, ["ok", "ok"]),
        ({"performance_standby": True}, 3_600, ["warn", "ok"]),
        ({}, 90, ["ok", "warn"]),
        ({"disaster_recovery": "secondary"}, 0, ["broken"]),
    ],
)
def test_a_connection_is_judged_by_node_and_token(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    node: dict[str, Any],
    ttl: int,
    states: list[str],
) -> None:
    _answering(monkeypatch, node=node, ttl=ttl)
    assert [row.state for row in vault.connection(load(ENGINES, folder))] == states


STS = {"roleArn": "arn:aws:iam::210987654321:role/look-up"}
CONFUSING = changed(
    METHODS,
    {
        "authMethods.aws.wildcardPrincipals": True,
        "authMethods.aws.roles.app.boundPrincipals": [f"{MAIN}:role/team/*"],
    },
)
ELSEWHERE = changed(
    METHODS,
    {
        "authMethods.aws.stsRoles": [STS],
        "authMethods.aws.roles.app.boundPrincipals": [APP, f"{STS['roleArn']}-app"],
    },
)


@pytest.mark.parametrize(
    ("sections", "version", "words"),
    [
        (ENGINES, "1.15.6+ent", "from release 1.16 on"),
        (METHODS, "1.16.3+ent", "from release 1.17 on"),
        (METHODS, "", "its version is redacted"),
        (CONFUSING, "1.20.4+ent", "CVE-2025-11621"),
        (PEOPLE, "1.17.1+ent", "knows neither external id nor session tags"),
        (ELSEWHERE, "1.17.3+ent", "sends an empty external id"),
    ],
    ids=["engine", "method", "redacted", "confusing", "conditions", "external id"],
)
def test_a_release_is_judged_by_what_the_stack_declares(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    sections: dict[str, Any],
    version: str,
    words: str,
) -> None:
    declared = load(sections, folder)
    _answering(monkeypatch, version=version)
    found = list(vault.release(declared))
    assert {row.state for row in found} == {State.BROKEN}
    assert any(words in row.detail for row in found)
    _answering(monkeypatch, version="1.21.0+ent")
    (good,) = vault.release(declared)
    assert good.state is State.OK


def test_a_token_that_may_not_ask_leaves_its_rights_unknown(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    _answering(monkeypatch)
    (found,) = vault.rights(load(ENGINES, folder))
    assert (found.state, "sys/capabilities-self" in found.fix) == (State.UNKNOWN, True)


def test_what_the_state_remembers_is_the_stacks_own(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """The namespace, its issuer and the key: made by this stack, or else by another."""
    monkeypatch.setattr(vault, "documents", lambda *_given, **_options: ())
    address, key = "https://vault.example.com", "dev-team-plugin-identity"
    sections = changed(ENGINES, {"vault.namespaces": {"team": "managed"}})
    sections["secretsEngines"]["aws"]["namespace"] = "team"
    state = (
        _own("NamespaceCheck", parent="", name="team", ownership="managed"),
        _own("IssuerCheck", namespace="team", ownership="managed", issuer=address, key=key),
    )
    _answering(monkeypatch, namespaces=["team"], issuer=address, keys=[key])
    mine = list(vault.namespace(_patient(folder, sections, *state), "team"))
    assert [row.state for row in mine] == [State.OK] * 3
    others = list(vault.namespace(_patient(folder, sections), "team"))
    assert [row.state for row in others] == [State.BROKEN] * 3
    given_up = changed(sections, {"vault.namespaces": {"team": "existing"}})
    kept, *_ = vault.namespace(_patient(folder, given_up, *state), "team")
    assert "keep vault.namespaces" in kept.fix.lower()


def test_a_namespace_within_one_that_is_not_there_yet_is_made_too(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    declared = {"vault.namespaces": {"team": "managed", "team/sub": "managed"}}
    _answering(monkeypatch, namespaces=[])
    (found,) = vault.namespace(_patient(folder, changed(ENGINES, declared)), "team/sub")
    assert (found.state, found.detail) == (State.OK, "managed, and made by this update")


class _Deployer:
    """Whoever deploys, and the account."""

    caller = CALLER

    def __init__(self, **answers: Any) -> None:  # noqa: ANN401 - whatever AWS answers
        self.answers = answers
        self.caller = answers.get("caller", CALLER)

    def principal(self) -> str:
        return self.caller

    def denied(self, _principal: str, _needed: AwsRights) -> list[Denial]:
        return list(self.answers["denied"])

    def there(self, arn: str) -> str | None:
        found: dict[str, str | None] = self.answers["elsewhere"]
        return found.get(arn, arn)

    def audiences(self, _arn: str) -> frozenset[str] | None:
        return self.answers.get("audiences")

    def summary(self) -> Mapping[str, int]:
        return dict(self.answers.get("summary", {}))

    def identity_providers(self) -> int:
        return int(self.answers.get("providers", 0))


def _looked(look: Any, patient: Patient, **answers: Any) -> list[Row]:  # noqa: ANN401 - see above
    return list(look(patient, patient.settings.accounts["main"], _Deployer(**answers)))


def _denial(number: int, *, certain: bool = True) -> Denial:
    return Denial(action=f"iam:A{number}", resource="*", why="no policy allows it", certain=certain)


@pytest.mark.parametrize(
    ("answers", "state", "words"),
    [
        ({"denied": []}, "ok", "by simulation"),
        ({"denied": [_denial(n) for n in range(10)]}, "broken", "; and 2 more"),
        ({"denied": [_denial(0, certain=False)]}, "unknown", "may perhaps not iam:A0"),
        ({"caller": f"{MAIN}:root"}, "ok", "the root user may do everything"),
        ({"caller": "arn:aws:sts::123456789012:federated-user/a"}, "unknown", "is neither"),
    ],
    ids=["allowed", "denied", "conditioned", "root", "federated"],
)
def test_rights_at_aws_are_told_with_why_or_why_they_are_not_known(
    folder: Path, answers: dict[str, Any], state: str, words: str
) -> None:
    (found,) = _looked(aws._rights, _patient(folder), **answers)
    assert (found.state.value, words in found.detail) == (state, True), found


def test_what_the_settings_name_may_have_another_path_or_be_gone_since(folder: Path) -> None:
    there = {APP: f"{MAIN}:role/apps/app"}
    (new,) = _looked(aws._named, _patient(folder, METHODS), elsewhere=there)
    assert (new.state, f"did you mean {there[APP]}?" in new.detail) == (State.BROKEN, True)
    known = _own("AccountCheck", account_id="123456789012", named={APP: "a"})
    (gone,) = _looked(aws._named, _patient(folder, METHODS, known), elsewhere={APP: None})
    assert (gone.state, "is gone since the last update" in gone.detail) == (State.WARN, True)
    (good,) = _looked(aws._named, _patient(folder, METHODS), elsewhere={})
    assert good.state is State.OK


def test_an_identity_provider_that_the_stack_made_is_its_own(folder: Path) -> None:
    arn = f"{MAIN}:oidc-provider/vault.example.com/v1/identity/oidc/plugins"
    made = _own("IdentityProviderCheck", provider_arn=arn, ownership="managed")
    there = frozenset({"a"})
    (mine,) = _looked(aws._providers, _patient(folder, ENGINES, made), audiences=there)
    assert (mine.state, mine.detail) == (State.OK, "managed, and there")
    (others,) = _looked(aws._providers, _patient(folder), audiences=there)
    assert others.state is State.BROKEN


@pytest.mark.parametrize(
    ("answers", "what", "state"),
    [
        ({"summary": {"Roles": 1_000, "RolesQuota": 1_000}}, "IAM roles", "broken"),
        ({"summary": {"Roles": 950, "RolesQuota": 1_000}}, "IAM roles", "warn"),
        ({"summary": {"Users": 4_600, "UsersQuota": 5_000}}, "IAM users", "warn"),
        ({"providers": 100}, "identity providers", "warn"),
        (
            {"summary": {"RolePolicySizeQuota": 100}},
            "characters of a role's inline policies",
            "broken",
        ),
        (
            {"audiences": frozenset(map(str, range(100)))},
            "audiences of vault.example.com/v1/identity/oidc/plugins",
            "broken",
        ),
    ],
)
def test_a_quota_that_is_used_up_or_nearly_is_told(
    folder: Path, answers: dict[str, Any], what: str, state: str
) -> None:
    found = _looked(quotas.rows, _patient(folder), **answers)
    assert (f"account main, quota of {what}", state) in _states(found)
    assert _states(_looked(quotas.rows, _patient(folder))) == [("account main, quotas", "ok")]


def test_a_role_takes_fewer_managed_policies_than_the_settings_do(folder: Path) -> None:
    many = [f"arn:aws:iam::aws:policy/P{number}" for number in range(11)]
    sections = changed(PEOPLE, {"targetRoles.deploy.managedPolicies": many})
    patient = _patient(folder, sections)
    other = patient.settings.accounts["other"]
    found = _states(list(quotas.rows(patient, other, _Deployer())))  # type: ignore[arg-type] # a fake
    assert ("account other, quota of managed policies of a role", "broken") in found


def test_what_is_deployed_already_takes_nothing_more(folder: Path) -> None:
    patient = _patient(folder)
    arn = patient.settings.mount_names(patient.settings.secrets_engines["aws"]).role_arn
    made = {"type": "aws:iam/role:Role", "outputs": {"arn": arn}}
    used = {"summary": {"Roles": 1_000, "RolesQuota": 1_000}}
    found = _looked(quotas.rows, replace(patient, resources=(made,)), **used)
    assert ("account main, quota of IAM roles", "warn") in _states(found)


def test_a_quota_that_aws_may_have_raised_is_no_certain_end() -> None:
    use = of_aws.Use(what="a", held=100, more=1, most=100, certain=False)
    assert (use.total, use.exceeded, use.nearly) == (101, True, True)
    assert not of_aws.Use(what="a", held=89, most=100).nearly


def test_an_account_that_may_not_be_asked_is_unknown_look_by_look(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    class Refused(_Deployer):
        def principal(self) -> str:
            raise AwsError("AWS refuses to read the role a: Throttling")

        def audiences(self, _arn: str) -> frozenset[str] | None:
            raise AwsError("AWS refuses to read the identity provider: AccessDenied")

    monkeypatch.setattr(aws, "Deployer", lambda _access: Refused(elsewhere={}))
    found = _states(list(aws.account(_patient(folder), "main")))
    assert found == [
        ("account main, identity", "ok"),
        ("account main, rights to deploy", "unknown"),
        ("account main, identity providers", "unknown"),
        ("account main, quotas", "unknown"),
    ]
