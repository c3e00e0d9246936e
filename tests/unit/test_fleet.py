"""A fleet's table: the stacks, objects and workflow it makes, and what of it is refused."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from examples.fleet import engines, make, stacks
from examples.fleet.measure import table as measured
from examples.fleet.table import BASE, LONGEST_STACK, Fleet, TableError, check, read
from federation.identity import MountClass
from federation.names import MountNames
from tests.unit.declared import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "fleet"
SHIPPED = FOLDER / "fleet.yaml"
OPERATOR = Path(__file__).parent / "schemas" / "pulumi-operator-stack.json"

Table = dict[str, Any]


def shipped() -> Table:
    """Return the example's table as it is written."""
    written: Table = yaml.safe_load(SHIPPED.read_text("utf-8"))
    return written


def fleet_of(change: Callable[[Table], object]) -> Fleet:
    """Return the example's fleet with a change."""
    written = shipped()
    change(written)
    return Fleet.model_validate(written)


def deployed(fleet: Fleet) -> dict[str, Settings]:
    """Return what the program itself reads of every stack; it refuses what is wrong."""
    return {
        name: load(copy.deepcopy(sections), ROOT, stack=name)
        for name, sections in stacks.stacks(fleet).items()
    }


def test_the_program_accepts_every_stack_of_the_shipped_table() -> None:
    read_by_it = deployed(read(SHIPPED))
    assert list(read_by_it) == [BASE, "payments-main", "payments-data", "search-main"]
    assert {
        name: (len(found.secrets_engines), len(found.auth_methods))
        for name, found in read_by_it.items()
    } == {BASE: (3, 0), "payments-main": (2, 2), "payments-data": (1, 1), "search-main": (2, 2)}


def test_the_base_owns_what_all_others_only_use() -> None:
    base, *others = deployed(read(SHIPPED)).values()
    assert base.vault.issuer == "managed"
    assert base.owned_namespaces == {"search": "managed"}
    assert {account.identity_provider for account in base.accounts.values()} == {"managed"}
    for other in others:
        assert other.vault.issuer == "existing"
        assert set(other.owned_namespaces.values()) <= {"existing"}
        assert {account.identity_provider for account in other.accounts.values()} == {"existing"}
        # What it expects to be there is there: the same accounts believe the same issuers.
        assert set(_trusts(other)) <= set(_trusts(base))


def _trusts(found: Settings) -> list[tuple[str, str]]:
    return [
        (found.accounts[account].id, found.issuer(namespace))
        for account, namespace in found.federations
    ]


def test_the_base_can_issue_nothing() -> None:
    base = deployed(read(SHIPPED))[BASE]
    assert [engine.roles for engine in base.secrets_engines.values()] == [(), (), ()]
    assert not base.auth_methods


def test_an_applications_own_values_are_put_in() -> None:
    (method,) = deployed(read(SHIPPED))["payments-data"].auth_methods.values()
    (role,) = method.roles
    assert [bound.arn for bound in role.principals] == ["arn:aws:iam::444455556666:role/app"]
    assert role.existing_policies == ("reports",)


KINDS = {MountClass.SECRET: "secretsEngines", MountClass.AUTH: "authMethods"}
WORD = st.text("ab-", min_size=1, max_size=4).filter(lambda word: word.strip("-") == word)


@given(
    rows=st.lists(
        st.tuples(WORD, st.sampled_from(["a", "b", "a-b"]), st.none() | WORD),
        min_size=1,
        max_size=5,
        unique_by=lambda row: f"{row[0]}-{row[1]}",
    ),
    applications=st.lists(WORD, min_size=1, max_size=4, unique=True),
)
def test_no_two_mounts_of_a_fleet_share_a_name(
    rows: list[tuple[str, str, str | None]], applications: list[str]
) -> None:
    table = shipped()
    table["accounts"] = {
        name: {"id": f"{number:012}", "region": "us-east-1"}
        for number, name in enumerate(("a", "b", "a-b"), 1)
    }
    table["teams"] = [
        {"team": team, "account": account, "namespace": namespace, "applications": applications}
        for team, account, namespace in rows
    ]
    fleet = Fleet.model_validate(table)
    check(fleet)
    roles, audiences, paths = [], [], []
    for name, sections in stacks.stacks(fleet).items():
        for kind, section in KINDS.items():
            for key, mount in sections.get(section, {}).items():
                account, namespace = mount["account"], mount.get("namespace", "")
                names = MountNames(
                    stack=name,
                    namespace=namespace,
                    key=key,
                    mount_class=kind,
                    account_id=fleet.accounts[account]["id"],
                    partition="aws",
                )
                roles.append(names.role_arn)
                audiences.append((account, namespace, mount["audience"]))
                paths.append((kind, namespace, f"{mount['path']}/"))
    for all_of_them in (roles, audiences, paths):
        assert len(all_of_them) == len(set(all_of_them))
    # Nor is one mounted within another.
    assert not [
        (one, other)
        for one, other in permutations(paths, 2)
        if one[:2] == other[:2] and one[2].startswith(other[2])
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t["teams"].append(t["teams"][0]), "2 rows make the stack payments-main"),
        (
            lambda t: t["teams"][0].update(account="prod"),
            "payments-prod is in no account of the table; known are data, main",
        ),
        (
            lambda t: t["teams"][0]["applications"].append("refunds"),
            "payments-main lists the application refunds 2 times",
        ),
        (
            lambda t: t["teams"][0].update(team="t" * LONGEST_STACK),
            "has 47 characters, and at most 42 fit",
        ),
        (
            lambda t: t["teams"][0].update(applications=["a" * 40]),
            "shorten the name, the namespace or the stack",
        ),
        (
            lambda t: t["teams"][0].update(applications=[f"app-{n}" for n in range(50)]),
            (
                "101 audiences in the account main and the root namespace, the base stack's own "
                "included; an identity provider knows 100"
            ),
        ),
        (
            lambda t: (t.pop("secretsEngine"), t.pop("authMethod")),
            "secretsEngine, authMethod: one of them must be there",
        ),
    ],
)
def test_a_table_whose_stacks_could_not_stand_side_by_side_is_refused(
    change: Callable[[Table], object], told: str
) -> None:
    with pytest.raises(TableError) as refused:
        check(fleet_of(change))
    assert told in str(refused.value)


def test_all_that_is_wrong_with_a_table_is_told_at_once(tmp_path: Path) -> None:
    table = shipped()
    table["teams"][0]["team"] = "Payments"
    table["teams"][1]["acount"] = "main"
    table["teams"][2]["applications"] = []
    file = tmp_path / "fleet.yaml"
    file.write_text(json.dumps(table), "utf-8")
    with pytest.raises(TableError) as refused:
        read(file)
    told = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in told[1:]] == [
        "teams.0.team",
        "teams.1.acount",
        "teams.2.applications",
    ]
    with pytest.raises(TableError, match="cannot be read"):
        read(tmp_path / "missing.yaml")


def matches(schema: list[str], *documents: object, folder: Path) -> tuple[bool, str]:
    """Return whether documents are as a schema says, and what the checker told."""
    files = []
    for number, document in enumerate(documents):
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(document), "utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    return checked.returncode == 0, checked.stdout + checked.stderr


def test_the_operators_objects_are_as_its_crd_says(tmp_path: Path) -> None:
    schema = ["--schemafile", str(OPERATOR)]
    objects = engines.operator_objects(read(SHIPPED))
    sound, told = matches(schema, *objects, folder=tmp_path)
    assert sound, told
    with_key = engines.operator_objects(fleet_of(lambda t: t.update(secretsProvider="awskms://a")))
    sound, told = matches(schema, *with_key, folder=tmp_path)
    assert sound, told
    wrong = copy.deepcopy(objects[:2])
    wrong[0]["spec"]["prerequisite"] = wrong[1]["spec"].pop("prerequisites")
    wrong[1]["spec"]["workspaceReclaimPolicy"] = "Remove"
    sound, told = matches(schema, *wrong, folder=tmp_path)
    assert not sound
    assert "'prerequisite' was unexpected" in told
    assert "'Remove' is not one of ['Retain', 'Delete']" in told


def test_every_team_waits_for_the_base_at_the_operator() -> None:
    base, *teams = engines.operator_objects(read(SHIPPED))
    assert "prerequisites" not in base["spec"]
    assert {team["metadata"]["name"] for team in teams} == {
        "payments-main",
        "payments-data",
        "search-main",
    }
    for team in teams:
        assert team["spec"]["prerequisites"] == [{"name": base["metadata"]["name"]}]


def test_a_passphrase_is_asked_for_only_without_a_secrets_provider() -> None:
    with_key = fleet_of(lambda t: t.update(secretsProvider="awskms://alias/fleet"))
    for fleet, wanted in (
        (read(SHIPPED), {"VAULT_TOKEN", "PULUMI_CONFIG_PASSPHRASE"}),
        (with_key, {"VAULT_TOKEN"}),
    ):
        (base, *_) = engines.operator_objects(fleet)
        assert set(base["spec"]["envRefs"]) == wanted
        step = engines.workflow(fleet)["jobs"]["teams"]["steps"][-1]
        assert set(step["env"]) == wanted | {"STACK"}


def test_the_workflow_is_as_githubs_schema_says(tmp_path: Path) -> None:
    schema = ["--builtin-schema", "vendor.github-workflows"]
    workflow = engines.workflow(read(SHIPPED))
    sound, told = matches(schema, workflow, folder=tmp_path)
    assert sound, told
    workflow["jobs"]["teams"]["strategy"]["max_parallel"] = 1
    sound, told = matches(schema, workflow, folder=tmp_path)
    assert not sound
    assert "max_parallel" in told


def test_a_matrix_runs_every_team_a_few_at_a_time_and_one_failure_stops_no_other() -> None:
    strategy = engines.workflow(read(SHIPPED))["jobs"]["teams"]["strategy"]
    assert strategy == {
        "fail-fast": False,
        "max-parallel": engines.AT_ONCE,
        "matrix": {"stack": ["payments-main", "payments-data", "search-main"]},
    }


def test_the_cli_of_the_workflow_is_that_of_the_program() -> None:
    requirements = (ROOT / "requirements" / "program.in").read_text("utf-8")
    assert f"pulumi=={engines.CLI}\n" in requirements


@pytest.mark.parametrize(
    ("change", "make_it", "told"),
    [
        (lambda t: t.pop("backend"), engines.workflow, "backend must be in the table"),
        (lambda t: t.pop("backend"), engines.operator_objects, "kubernetes and backend must be"),
        (lambda t: t.pop("kubernetes"), engines.operator_objects, "kubernetes and backend must be"),
        (
            lambda t: t.update(
                teams=[t["teams"][0] | {"team": f"team-{n}"} for n in range(engines.MOST_JOBS + 1)]
            ),
            engines.workflow,
            "the table has 257 rows, and a matrix makes 256 jobs at most",
        ),
    ],
)
def test_what_an_engine_cannot_be_told_is_refused(
    change: Callable[[Table], object], make_it: Callable[[Fleet], object], told: str
) -> None:
    with pytest.raises(TableError, match=told):
        make_it(fleet_of(change))


def test_the_shipped_objects_and_workflow_are_those_of_the_shipped_table() -> None:
    fleet = read(SHIPPED)
    objects = make.kubernetes_text(engines.operator_objects(fleet))
    workflow = make.workflow_text(engines.workflow(fleet))
    assert (FOLDER / "kubernetes.yaml").read_text("utf-8") == objects
    assert (FOLDER / "workflow.yaml").read_text("utf-8") == workflow
    assert list(yaml.safe_load_all(objects)) == engines.operator_objects(fleet)
    assert workflow.count("\non:\n") == 1


def test_what_the_cli_wrote_into_a_stacks_file_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / f"Pulumi.{BASE}.yaml"
    assert make.main(["--table", str(SHIPPED)]) == 0
    made = file.read_text("utf-8")
    file.write_text(made + "encryptionsalt: v1:a\n", "utf-8")
    assert make.main(["--table", str(SHIPPED)]) == 0
    assert file.read_text("utf-8") == made + "encryptionsalt: v1:a\n"
    assert "&" not in made


def test_a_stack_that_left_the_table_is_named_until_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n", "utf-8")
    table = tmp_path / "fleet.yaml"
    table.write_text(SHIPPED.read_text("utf-8"), "utf-8")
    assert make.main(["--table", str(table)]) == 0
    assert "no longer" not in capsys.readouterr().out
    fewer = shipped()
    del fewer["teams"][1]
    table.write_text(json.dumps(fewer), "utf-8")
    assert make.main(["--table", str(table)]) == 0
    told = capsys.readouterr().out
    assert "payments-data is no longer in the table: type `pulumi destroy --stack" in told
    assert told.count("no longer") == 1


def test_a_table_that_is_refused_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "fleet.yaml"
    file.write_text("{}", "utf-8")
    assert make.main(["--table", "fleet.yaml"]) == 1
    assert "teams: Field required" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


def test_200_federations_fit_into_what_an_identity_provider_knows() -> None:
    fleet = measured(read(SHIPPED), count=20, federations=10)
    made = stacks.stacks(fleet)
    assert len(made) == 21
    mounts = [
        len(made[name][section]) for name in made if name != BASE for section in KINDS.values()
    ]
    assert mounts == [10] * 40
    with pytest.raises(TableError, match="103 audiences"):
        measured(read(SHIPPED), count=1, federations=51)
