"""The report of the production example, and of what may be wrong with it, from its state alone."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from operations.report import build, resources
from operations.report.graph import Graph, Kind
from operations.report.markdown import markdown
from operations.report.mermaid import mermaid
from operations.report.page import page
from operations.report.tree import tree
from operations.report.words import way, who
from operations.terminal import rendered
from tests.committed import SECRET, SECRET_SECTION
from tests.production import shipped
from tests.program.conftest import run_program
from tests.program.states import exported

if TYPE_CHECKING:
    from collections.abc import Callable

State = dict[str, Any]
EXTERNAL_ID = "reports"
"""What the example's target role ``report`` asks for."""


@pytest.fixture(scope="module")
def production() -> State:
    """The production example, as an update leaves it."""
    values = {**shipped(), SECRET_SECTION: {"people": SECRET}}
    return exported(run_program(values, stack="production"))


@pytest.fixture
def state(production: State) -> State:
    """The same, to be changed."""
    return copy.deepcopy(production)


def _graph(state: State) -> Graph:
    return build.graph(resources.of_state(state, named="the state"))


def _resource(state: State, name: str) -> State:
    resources_: list[State] = state["deployment"]["resources"]
    (found,) = [
        each for each in resources_ if each["urn"].rpartition("::")[2] == name and each["outputs"]
    ]
    return found


def _set(state: State, name: str, key: str, value: Any) -> None:  # noqa: ANN401 - JSON of others
    found = _resource(state, name)
    for values in (found["inputs"], found["outputs"]):
        values[key] = value


def _document(state: State, name: str, key: str, change: Callable[[State], None]) -> None:
    document = json.loads(_resource(state, name)["outputs"][key])
    change(document)
    _set(state, name, key, json.dumps(document))


def _becoming(graph: Graph) -> set[tuple[str, str, str, str]]:
    return {
        (who(line), way(line), line.identity.label, line.identity.place)
        for line in graph.becoming()
        if not line.broken
    }


MAIN, DATA = "account 123456789012", "account 444455556666"
PEOPLE = "people of the group engineering, namespace apps"
BECOMES = {
    (
        PEOPLE,
        "auth/people role people → apps/creds/operate, namespace apps",
        "vault-target-production-operate",
        MAIN,
    ),
    (
        PEOPLE,
        "auth/people role people → apps-data/creds/legacy, namespace apps",
        "vault-*-legacy-*",
        DATA,
    ),
    (
        f"application role/app, {MAIN}",
        "auth/aws role billing → apps/creds/legacy, namespace apps",
        "vault-*-legacy-*",
        MAIN,
    ),
    (
        f"application role/app, {DATA}",
        "auth/aws role billing → data/creds/report, namespace data",
        "vault-target-production-report",
        DATA,
    ),
}


def test_it_says_who_of_the_production_example_becomes_whom(production: State) -> None:
    assert _becoming(_graph(production)) == BECOMES


def test_every_way_leads_over_all_that_stands_between(production: State) -> None:
    graph = _graph(production)
    for line in graph.becoming():
        assert [node.kind for node in line.way] == list(Kind)[:-1]
        assert [right.kind for right in line.rights] == [Kind.RIGHTS]
    assert {node.kind for node in graph.nodes.values()} == set(Kind)
    assert not [edge for edge in graph.edges if edge.broken]


def test_a_mount_shared_by_two_roles_mixes_up_nobody(production: State) -> None:
    """Who reads ``operate`` does not become the users of ``legacy``, though both share all else."""
    ends = {
        line.identity.label
        for line in _graph(production).becoming()
        if line.vault_role is not None and line.vault_role.label == "apps/creds/operate"
    }
    assert ends == {"vault-target-production-operate"}


WAITS = {
    "aws:iam/role:Role": ("assumeRolePolicy",),
    "vault:index/policy:Policy": ("policy",),
    "vault:identity/groupAlias:GroupAlias": ("canonicalId", "mountAccessor"),
    "vault:aws/secretBackendRole:SecretBackendRole": ("backend",),
}
"""What a first preview does not know yet, by type."""


def test_a_first_preview_shows_what_the_settings_declare(state: State) -> None:
    found: list[State] = state["deployment"]["resources"]
    for each in found:
        each["outputs"] = {}
        for key in WAITS.get(each["type"], ()):
            if each["propertyDependencies"].get(key):
                each["inputs"][key] = resources.UNKNOWN
    graph = _graph(state)
    assert _becoming(graph) == BECOMES
    assert "its trust is written while updating" in rendered(tree(graph))
    assert resources.UNKNOWN not in json.dumps(graph.document())


def test_a_vault_role_with_another_external_id_than_its_target_is_told(state: State) -> None:
    _set(state, "data-role/report", "externalId", "another")
    remarks = {node.label: " ".join(node.remarks) for node in _graph(state).nodes.values()}
    assert "its external id is not the one" in remarks["data/creds/report"]


def test_two_reports_of_one_state_are_alike_whatever_order_it_is_in(state: State) -> None:
    before = json.dumps(_graph(state).document())
    state["deployment"]["resources"].reverse()
    assert json.dumps(_graph(state).document()) == before


def _drawn(graph: Graph) -> dict[str, str]:
    return {
        "tree": rendered(tree(graph)),
        "markdown": markdown(graph),
        "mermaid": mermaid(graph),
        "html": page(graph),
        "json": json.dumps(graph.document()),
    }


def test_in_every_form_a_person_finds_who_becomes_whom_and_no_secret(production: State) -> None:
    assert SECRET in json.dumps(production), "the state of the test has what must not be shown"
    for form, drawn in _drawn(_graph(production)).items():
        for told in ("engineering", "role/app", "vault-target-production-operate", "iam:ListRoles"):
            # Mermaid writes signs by their numbers.
            shown = re.sub(r"#(\d+);", lambda sign: chr(int(sign[1])), drawn)
            assert told in shown, (form, told)
        assert SECRET not in drawn, form
        assert EXTERNAL_ID not in re.findall(r"[\w-]+", drawn.split("ExternalId", 1)[-1][:40]), form


def test_only_what_is_asked_for_is_left(production: State) -> None:
    graph = _graph(production).only("ENGINEERING")
    assert {who(line) for line in graph.becoming()} == {PEOPLE}
    assert not any(node.label.startswith("data/") for node in graph.nodes.values())
    assert not _graph(production).only("no such thing").nodes


# What may be wrong, and what is then said.


def _loses_audience(state: State) -> None:
    _set(state, "444455556666/apps-audience/vault-apps-data", "state", "not accepted by AWS")


def _trusts_other_subject(state: State) -> None:
    def change(trust: State) -> None:
        (keys,) = trust["Statement"][0]["Condition"].values()
        (key,) = [key for key in keys if key.endswith(":sub")]
        keys[key] = "plugin-identity:root:secret:aws_ffffffff"

    _document(state, "apps-data-workload", "assumeRolePolicy", change)


def _forgets_the_engine(state: State) -> None:
    def change(trust: State) -> None:
        trust["Statement"][0]["Principal"]["AWS"] = "AROAEXAMPLEOFONEDELETED"

    _document(state, "operate-role", "assumeRolePolicy", change)


def _may_not_make_users(state: State) -> None:
    _set(state, "apps-data-workload/issue-legacy", "policy", json.dumps({"Statement": []}))


def _refuses_the_group(state: State) -> None:
    _set(state, "people-role", "boundClaims", {"groups": "others"})


@pytest.mark.parametrize(
    ("wrong", "lost", "said"),
    [
        (_loses_audience, "vault-*-legacy-*", "its audience is not accepted by AWS"),
        (_trusts_other_subject, "vault-*-legacy-*", "the role's trust refuses the token: OneVaul"),
        (_forgets_the_engine, "vault-target-production-operate", "does not name vault-secret-prod"),
        (_may_not_make_users, "vault-*-legacy-*", "may not iam:CreateUser"),
        (_refuses_the_group, "vault-*-legacy-*", "the login's bound claims do not name the group"),
    ],
)
def test_a_way_that_fails_is_told_with_its_reason(
    state: State, wrong: Callable[[State], None], lost: str, said: str
) -> None:
    wrong(state)
    graph = _graph(state)
    (reason,) = {
        line.broken
        for line in graph.becoming()
        if line.who.label == "engineering" and line.identity.label == lost
    }
    assert said in reason
    for form, drawn in _drawn(graph).items():
        if form != "mermaid":
            assert said[:20] in drawn.replace("&#x27;", "'").replace("\\", ""), form


def test_a_deleted_principal_in_a_trust_is_told(state: State) -> None:
    _forgets_the_engine(state)
    remarks = {node.label: " ".join(node.remarks) for node in _graph(state).nodes.values()}
    assert "AROAEXAMPLEOFONEDELETED" in remarks["vault-target-production-operate"]


def test_whoever_else_a_trust_lets_in_is_among_them(state: State) -> None:
    stranger = "arn:aws:iam::999999999999:role/stranger"

    def change(trust: State) -> None:
        trust["Statement"].append(
            {"Effect": "Allow", "Principal": {"AWS": [stranger, "*"]}, "Action": "sts:*"}
        )

    _document(state, "operate-role", "assumeRolePolicy", change)
    found = {(line.who.label, line.identity.label) for line in _graph(state).becoming()}
    assert (stranger, "vault-target-production-operate") in found
    assert ("anybody at AWS", "vault-target-production-operate") in found


def test_a_mount_that_another_mounts_role_lets_in_is_told(state: State) -> None:
    def change(trust: State) -> None:
        (keys,) = trust["Statement"][0]["Condition"].values()
        for key in keys:
            if key.endswith(":aud"):
                keys[key] = ["vault-apps", "vault-apps-logins"]
            if key.endswith(":sub"):
                keys[key] = [
                    "plugin-identity:id-of-apps:secret:aws_0a1b2c3d",
                    "plugin-identity:id-of-apps:auth:auth_aws_0a1b2c3d",
                ]

    _document(state, "apps-workload", "assumeRolePolicy", change)
    graph = _graph(state)
    remarks = {node.label: node.remarks for node in graph.nodes.values()}
    assert "it also lets in auth/aws/" in remarks["vault-secret-production-apps-apps"]


def test_a_target_that_no_vault_role_hands_out_is_told(state: State) -> None:
    gone = {"apps-role/operate", "apps-access/operate"}
    kept = state["deployment"]["resources"]
    kept[:] = [each for each in kept if each["urn"].rpartition("::")[2] not in gone]
    said = {who(line) for line in _graph(state).becoming()}
    assert "Vault itself at apps/, namespace apps; no Vault role hands it out" in said


def test_a_role_that_nobody_is_granted_is_told(state: State) -> None:
    _set(state, "people-group/engineering", "policies", [])
    said = {who(line) for line in _graph(state).becoming()}
    assert (
        "nobody of this stack; whoever holds the Vault policy production-apps-apps-creds-operate"
    ) in said
    assert "no credentials of AWS" in rendered(tree(_graph(state)))


def test_what_is_kept_elsewhere_is_named_and_not_guessed_at(state: State) -> None:
    elsewhere = "arn:aws:iam::999999999999:role/elsewhere"
    _set(state, "apps-role/operate", "roleArns", [elsewhere])
    _set(state, "apps-role/legacy", "policyArns", ["arn:aws:iam::aws:policy/ReadOnlyAccess"])
    _set(state, "apps-role/legacy", "iamGroups", ["readers"])
    _set(state, "auth/apps-role/billing", "tokenPolicies", ["theirs"])
    graph = _graph(state)
    remarks = {node.label: " ".join(node.remarks) for node in graph.nodes.values()}
    assert "made elsewhere" in remarks["elsewhere"]
    assert "kept elsewhere" in remarks["ReadOnlyAccess"]
    assert "kept elsewhere" in remarks["group 123456789012 readers"]
    assert "kept elsewhere" in remarks["theirs"]


def test_a_session_policy_is_told_where_it_narrows_the_role(state: State) -> None:
    session = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    _set(state, "apps-role/operate", "policyDocument", json.dumps(session))
    assert "session policy: s3:GetObject on *" in rendered(tree(_graph(state)))


def test_a_group_whose_role_is_written_as_a_list_logs_in(state: State) -> None:
    role = _resource(state, "people-role")
    said = {"groups_claim": "groups", "bound_claims": {"groups": ["engineering"]}}
    role["type"] = "vault:generic/endpoint:Endpoint"
    role["outputs"] = {"path": "auth/people/role/people-groups", "dataJson": json.dumps(said)}
    role["inputs"] = {}
    ways = {line[1] for line in _becoming(_graph(state)) if line[0] == PEOPLE}
    assert all(each.startswith("auth/people role people-groups") for each in ways)
    assert len(ways) == 2


@pytest.mark.parametrize(
    "document", [{}, [], {"deployment": []}, {"deployment": {"resources": [{}]}}]
)
def test_what_is_no_state_is_refused(document: Any) -> None:  # noqa: ANN401 - JSON of others
    with pytest.raises(resources.UnreadableError, match="pulumi stack export"):
        resources.of_state(document, named="it")
