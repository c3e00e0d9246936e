"""The JSON Schema that editors check stack files by: as strict as the models, and no stricter."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from components.summary import SECTIONS as OUTPUTS
from examples.fleet import stacks
from examples.fleet.table import read
from schemas import stack as schema
from schemas.made import PAGE, STACK, made
from schemas.tables import tables
from settings import SECTIONS, AccountSettings
from tests.production import EXAMPLE
from tests.unit.declared import ENGINES, METHODS, PEOPLE, changed
from tests.unit.stack_files import refused, stack_file
from tests.unit.test_refusals import TABLES

if TYPE_CHECKING:
    from tests.unit.declared import Sections

ROOT = Path(__file__).resolve().parents[2]
FILES = (ROOT / "Pulumi.dev.yaml", EXAMPLE)
"""The stack files that are shipped, beside those of a fleet."""
NAMED = "# yaml-language-server: $schema=schemas/stack.schema.json\n"
_BEYOND = (
    # what fields, or sections, say about each other
    "if AWS reaches Vault under an address without port",
    "with thumbprints: then no chain",
    "ten times keyRotationSeconds",
    "must be managed, as ",
    "is already the ",
    "of the account main: Vault exchanges",
    "without deployRoleArn, whose trust",
    "must be at least defaultTtlSeconds",
    "must be at least tokenTtlSeconds",
    "vault.keyVerificationSeconds",
    "the engine's maxTtlSeconds",
    "in the same namespace",
    "by more than case",
    "is no account of this stack",
    "is no target role of this stack",
    "is no secrets engine of this stack",
    "is of no secrets engine of this stack",
    "is no role of the engine",
    "is in the namespace ",
    "does not trust this engine",
    "must be that of targetRoles",
    "must be those of targetRoles",
    "is the same group as",
    "must be in the partition ",
    "must be in account ",
    "is in another account than",
    "is needed by no principal",
    "is a second role of its account",
    "method's own account",
    "has a wildcard; name each",
    "unless provider is google",
    "with a provider, which knows no other",
    "must have googleDomain",
    "must be there together with googleAdmin",
    "must be the object id of a group",
    "must be the mail address of a group",
    "is for no login of humanLogins",
    "humanLoginSecrets.people: is missing",
    # lengths of what is made of several of them
    "characters long",
    "characters, allowed are 64; shorten the name",
    "characters, allowed are 128; use a group with a shorter name",
    "stack 'Dev' must be",
    # what stands in files
    "inside the project's folder; there is none",
    "must hold an IAM policy",
    "must be a readable file",
    "must have a readable file",
    "must have something in its file",
    "and policies/vault/template.hcl is a template",
    "must be plain UTF-8",
    "for AWS grants",
    # what AWS, Vault or Unicode knows by name
    "must be an AWS region such as",
    "is no region that the pinned botocore knows",
    "must not take in user/vault/",
    "blanks and . : / = + @ _ - only",
)
"""Words of refusals that no shape of one value or one object tells."""
CASES = [
    pytest.param(changed(sound, changes), message, id=message[:80])
    for sound, cases, options in TABLES
    if not options
    for changes, message in cases
]


def test_schema_and_tables_are_what_the_models_say() -> None:
    for file, text in made(ROOT).items():
        assert (ROOT / file).read_text("utf-8") == text, f"{file} is old: type `make schema`"


def test_the_page_has_a_place_for_every_table_once() -> None:
    places = re.findall(r"<!-- made: (\w+) -->", (ROOT / PAGE).read_text("utf-8"))
    assert sorted(places) == sorted(tables())


def test_a_table_tells_each_key_and_output_with_what_it_does() -> None:
    rows = tables()["AccountSettings"].splitlines()
    assert len(rows) == 2 + len(AccountSettings.model_fields)
    assert (
        "| `newRegion` | `true` or `false` | `false` | Whether `region` is newer than the SDK that "
        "the program is pinned to |" in rows
    )
    told = {tuple(re.findall(r"`(\w+)`", row.rpartition(" | ")[0])) for row in _outputs()}
    listed = {(of, output) for output, *sections in told for of in sections}
    assert listed == {
        (section, field.name) for section, said in OUTPUTS.items() for field in fields(said)
    }


def _outputs() -> list[str]:
    return tables()["outputs"].splitlines()[2:]


def test_it_is_a_schema_in_the_dialect_that_it_names() -> None:
    assert schema.of_stack()["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema.of_stack())


def test_it_knows_every_section() -> None:
    assert [*schema.SECTIONS, "humanLoginSecrets"] == sorted(
        [*schema.SECTIONS, "humanLoginSecrets"], key=SECTIONS.index
    )
    assert {*schema.SECTIONS, "humanLoginSecrets"} == set(SECTIONS)


def test_every_field_says_what_it_is() -> None:
    for name, definition in schema.definitions().items():
        for key, field in definition["properties"].items():
            assert name == "VaultRoleSettings" or field["description"], f"{name}.{key}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_shipped_stack_file_names_it_and_is_accepted(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.startswith(NAMED)
    assert refused(yaml.safe_load(text)) == []


def test_every_stack_file_of_a_fleet_names_it_and_is_accepted(tmp_path: Path) -> None:
    stacks.write(read(ROOT / "examples" / "fleet" / "fleet.yaml"), tmp_path)
    files = list(tmp_path.glob("Pulumi.*.yaml"))
    assert len(files) > 2
    for file in files:
        assert NAMED in file.read_text("utf-8").splitlines(keepends=True)
        assert refused(yaml.safe_load(file.read_text("utf-8"))) == []


def test_a_checker_that_reads_patterns_as_editors_do_takes_it_too(tmp_path: Path) -> None:
    """Python's patterns are not those of ECMAScript, in which JSON Schema's are."""
    sound = [*FILES, *_written(tmp_path, [stack_file(each) for each in (ENGINES, PEOPLE, METHODS)])]
    assert _checked("--check-metaschema", ROOT / STACK) == ""
    assert _checked("--schemafile", ROOT / STACK, *sound) == ""
    wrong = _written(tmp_path, [stack_file(changed(ENGINES, {"secretsEngines.aws.path": "/aws"}))])
    assert "does not match" in _checked("--schemafile", ROOT / STACK, *wrong)


def _written(folder: Path, documents: list[dict[str, Any]]) -> list[Path]:
    files = [folder / f"{number}.yaml" for number in range(len(documents))]
    for file, document in zip(files, documents, strict=True):
        file.write_text(yaml.safe_dump(document), "utf-8")
    return files


def _checked(*arguments: str | Path) -> str:
    """Return what another checker of schemas objects to."""
    typed = ["--force-filetype", "yaml", "--traceback-mode", "short", *map(str, arguments)]
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *typed],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if checked.returncode == 0 else checked.stdout + checked.stderr


@pytest.mark.parametrize("sound", [ENGINES, PEOPLE, METHODS])
def test_sound_settings_are_accepted(sound: Sections) -> None:
    assert refused(stack_file(sound)) == []


@pytest.mark.parametrize(("sections", "message"), CASES)
def test_what_the_models_refuse_by_its_shape_is_refused(sections: Sections, message: str) -> None:
    beyond = all(any(words in line for words in _BEYOND) for line in message.splitlines())
    assert refused(stack_file(sections)) or beyond


def test_nothing_is_said_to_be_beyond_its_reach_that_is_not() -> None:
    accepted = "\n".join(
        message
        for sound, cases, options in TABLES
        for changes, message in cases
        if options or not refused(stack_file(changed(sound, changes)))
    )
    assert [words for words in _BEYOND if words not in accepted] == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vault-aws-federation:secretsEngine", {}),
        ("vault-aws-federation:config:vault", {}),
        ("secretEngines", {}),
        ("vault", []),
        ("vault-aws-federation:accounts", None),
        ("vault-aws-federation:targetRoles", "{}"),
        ("vault-aws-federation:humanLoginSecrets", {"people": "in the clear"}),
        ("vault-aws-federation:humanLoginSecrets", {"people": {"secure": "v1:x", "more": 1}}),
        ("vault-aws-federation:humanLoginSecrets", {"people": {"secure": 1}}),
    ],
)
def test_a_wrong_key_or_secret_of_ours_is_refused(key: str, value: object) -> None:
    document = stack_file(PEOPLE)
    document["config"][key] = value
    assert refused(document)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:region", "us-east-1"),
        ("pulumi:disable-default-providers", ["*"]),
        ("vault-aws-federation-own:secretsEngine", "x"),
        ("vault-aws-federation:humanLoginSecrets", {"secure": "v1:x"}),
        ("vault-aws-federation:targetRoles", None),
    ],
)
def test_keys_of_others_and_what_is_encrypted_are_accepted(key: str, value: object) -> None:
    document = stack_file(ENGINES) | {"secretsprovider": "awskms://alias/x", "encryptionsalt": "v1"}
    document["config"][key] = value
    assert refused(document) == []


def test_an_external_id_may_be_encrypted_and_an_address_not() -> None:
    encrypted = {"secure": "v1:x"}
    role = "secretsEngines.aws.roles.deploy.externalId"
    assert refused(stack_file(changed(PEOPLE, {role: encrypted}))) == []
    assert refused(stack_file(changed(PEOPLE, {"vault.address": encrypted})))


def test_keys_without_a_namespace_are_the_projects_own_as_the_engine_takes_them() -> None:
    full = stack_file(METHODS)
    short = {key.partition(":")[2]: value for key, value in full["config"].items()}
    assert refused({"config": short}) == []
    del short["accounts"]
    assert refused({"config": short})
    assert refused({"config": {}})
    assert refused({})


def test_whoever_types_a_wrong_value_is_told_in_words_what_is_allowed() -> None:
    """Of a pattern alone nobody learns what to type; the words are those of a preview."""
    checked = {
        "vault.address": "must begin with https://, have a host name in lower case",
        "secretsEngines.aws.audience": "must be 1 to 255 letters, digits and . _ : / @ + = , -",
    }
    for key, words in checked.items():
        (wrong,) = refused(stack_file(changed(ENGINES, {key: "a b"})))
        assert wrong.schema["patternErrorMessage"] == words
    without = [each for each in _patterns(schema.of_stack()) if "patternErrorMessage" not in each]
    tags_and_keys = {each["pattern"] for each in without}
    assert len(tags_and_keys) == 2


def _patterns(node: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a tree of JSON
    if isinstance(node, list):
        return [found for each in node for found in _patterns(each)]
    if not isinstance(node, dict):
        return []
    own = [node] if isinstance(node.get("pattern"), str) else []
    return own + [found for each in node.values() for found in _patterns(each)]
