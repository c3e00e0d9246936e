"""The comment of a pull request: what a person reads before they approve, and what they never read.

What the five changes say that are approved again and again is kept as it is read, in ``comments``:
whoever changes the words looks at them there.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from operations.report.markdown import COMMENT
from operations.report.resources import UnreadableError
from operations.review.comment import MARKER, read, rendered, reviewed
from operations.review.steps import steps
from tests.committed import SECRET
from tests.program.states import previewed, production

if TYPE_CHECKING:
    from collections.abc import Callable

Settings = dict[str, Any]
COMMENTS = Path(__file__).parent / "comments"
STACK = "production"


def _preview(change: Callable[[Settings], None] | None = None) -> dict[str, Any]:
    preview = copy.deepcopy(previewed(production(), production(change)))
    for step in preview["steps"]:
        for state in ("oldState", "newState"):
            # Asked for, and recorded by no engine.
            step.get(state, {}).get("inputs", {}).pop("rights", None)
        if step["op"] == "update" and step["oldState"]["inputs"] == step["newState"]["inputs"]:
            step["op"] = "same"
    return preview


def _a_new_engine(settings: Settings) -> None:
    settings["secretsEngines"]["batch"] = {
        "account": "main",
        "audience": "vault-batch",
        "namespace": "apps",
        "roles": {
            "read": {"credentialType": "iam_user", "policy": "policies/aws/read-reports.json"}
        },
    }


def _a_widened_policy(settings: Settings) -> None:
    settings["targetRoles"]["operate"]["policy"] = "policies/aws/read-reports.json"


def _a_new_account(settings: Settings) -> None:
    settings["accounts"]["lake"] = {"id": "999900001111", "region": "us-east-1"}
    settings["secretsEngines"]["apps-lake"] = {
        "account": "lake",
        "audience": "vault-apps-lake",
        "namespace": "apps",
        "roles": {
            "get": {"credentialType": "iam_user", "policy": "policies/aws/get-own-user.json"}
        },
    }


def _a_new_group(settings: Settings) -> None:
    settings["humanLogins"]["people"]["groups"]["platform"] = {"awsRoles": ["apps/legacy"]}


def _a_role_made_anew() -> dict[str, Any]:
    """Return a preview that replaces a target role, as the engine tells it: in three steps."""
    preview = _preview()
    (step,) = [each for each in preview["steps"] if each["urn"].endswith("::operate-role")]
    anew = copy.deepcopy(step["newState"])
    anew["inputs"]["tags"]["team"] = "operations"
    old = step["oldState"]
    others = [each for each in preview["steps"] if each is not step]
    three: list[dict[str, Any]] = [
        {"op": "delete-replaced", "urn": step["urn"], "oldState": old},
        {"op": "replace", "urn": step["urn"], "oldState": old, "newState": anew},
        {"op": "create-replacement", "urn": step["urn"], "oldState": old, "newState": anew},
    ]
    return {"steps": [*others, *three]}


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "new-engine": lambda: _preview(_a_new_engine),
    "widened-policy": lambda: _preview(_a_widened_policy),
    "new-account": lambda: _preview(_a_new_account),
    "role-made-anew": _a_role_made_anew,
    "new-group": lambda: _preview(_a_new_group),
}


def _rendered(preview: dict[str, Any], **more: Any) -> str:  # noqa: ANN401 - handed on
    return rendered({STACK: reviewed(preview, named="it")}, **more)


@pytest.mark.parametrize("name", CASES)
def test_what_is_approved_again_and_again_reads_as_it_was_judged(name: str) -> None:
    said = _rendered(CASES[name](), commit="0123456789abcdef0123456789abcdef01234567")
    assert said == (COMMENTS / f"{name}.md").read_text("utf-8")


def test_new_rights_come_before_resources_and_the_one_marker_first() -> None:
    said = _rendered(CASES["new-group"]())
    assert said.startswith(MARKER)
    assert said.count(MARKER) == 1
    assert said.index("#### New rights") < said.index("<details>")


def test_a_new_identity_that_nobody_becomes_yet_is_told_with_what_it_may() -> None:
    """Whoever is granted it by a later change would have all of it."""
    said = _rendered(CASES["new-engine"]())
    assert "**may** `s3:GetObject on arn:aws:s3:::laboratory-main/reports/*`" in said
    assert said.count("nobody of this stack becomes it yet") == 3
    # Once somebody becomes it, it is told with them, and once.
    assert "nobody of this stack" not in _rendered(CASES["new-group"]())


def test_the_stack_that_somebody_must_look_at_comes_first() -> None:
    nothing, much = reviewed(_preview(), named="a"), reviewed(CASES["new-group"](), named="b")
    failed = reviewed({"steps": [], "diagnostics": [FAILED]}, named="c")
    said = rendered({"a": nothing, "b": much, "c": failed}, missing=["d"], gone=["e"])
    rows = [line.split(" | ")[0] for line in said.splitlines() if line.startswith("| ")]
    assert rows == ["| stack", "| c", "| b", "| a", "| d"]
    assert "| a | nobody gains or loses a right | nothing to do |" in said
    assert "the preview failed" in said
    assert "| d | **not previewed**" in said
    assert "The file of the stack e is deleted" in said


FAILED = {"severity": "error", "message": "error: the token of Vault has expired"}


def test_an_account_or_a_mount_that_a_stack_did_not_have_is_told_by_name() -> None:
    said = _rendered(CASES["new-account"]())
    assert "> New in production: AWS account `999900001111`" in said
    assert "secrets engine `apps-lake`" in said
    assert "New in" not in _rendered(CASES["widened-policy"]())


def test_a_change_that_touches_no_stack_says_so() -> None:
    assert "No stack's inputs are touched" in rendered({})


def test_a_comment_is_never_longer_than_github_takes_and_says_what_it_leaves_out() -> None:
    preview = CASES["new-engine"]()
    (role,) = [each for each in preview["steps"] if each["urn"].endswith("::batch-workload")]
    many = []
    for number in range(3000):
        step = copy.deepcopy(role)
        step["urn"] += f"-{number}"
        many.append(step)
    each = reviewed({"steps": [*preview["steps"], *many]}, named="it")
    said = rendered({f"stack-{number}": each for number in range(90)}, missing=["m"] * 90)
    assert len(said) <= COMMENT
    assert "| 80 more | | |" in said
    assert "parts are left out" in said
    one = rendered({STACK: each})
    assert COMMENT - 2_000 < len(one) <= COMMENT
    assert "more lines are left out" in one
    assert one.count("```diff") == 1
    assert one.rstrip().endswith("</details>")


WICKED = "```\n</details><script>@team [x](y)"


def test_nothing_in_a_name_or_value_ends_the_block_that_it_stands_in() -> None:
    urn = f"urn:pulumi:production::project::a:b/c:C::{WICKED}"
    inputs = {"name": WICKED, "description": "a\n````\nb\u202e"}
    state = {"urn": urn, "type": "a:b/c:C", "inputs": inputs}
    said = _rendered({"steps": [{"op": "create", "urn": urn, "newState": state}]})
    (fence,) = [line.removesuffix("diff") for line in said.splitlines() if line.endswith("`diff")]
    lines = said.splitlines()
    inside = lines[lines.index(f"{fence}diff") + 1 : lines.index(fence)]
    assert [line for line in inside if "<script>" in line]
    outside = [line for line in lines if line not in inside]
    assert not [line for line in outside if "<script>" in line or "@team" in line]
    assert not [line for line in inside if line.startswith("`")]
    assert "\u202e" not in said


HIDES = {
    "clientSecret": "false",
    "externalId": "laboratory",
    "data": {"secret_key": "false", "access_key": "AKIAIOSFODNN7EXAMPLE"},
    "document": '{"oidc_client_secret": "false", "Condition": {"sts:ExternalId": "laboratory"}}',
    "wrapped": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "v": 1},
    "token": "hvs.CAESIJfalsefalsefalsefalse",
    "said": "key AKIAIOSFODNN7EXAMPLE, wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "jwt": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmYWxzZSJ9.c2lnbmVk",
    "pem": "-----BEGIN RSA PRIVATE KEY-----\nfalse\n-----END RSA PRIVATE KEY-----",
}


def test_no_secret_is_shown_wherever_it_stands() -> None:
    preview = CASES["new-group"]()
    made = preview["steps"][-1]
    made.update(op="create")
    made["newState"]["inputs"] = {**HIDES, "thumbprint": "ab" * 20, "arn": "arn:aws:iam::1:role/x"}
    preview["diagnostics"] = [{**FAILED, "message": f"error: {HIDES['said']}"}]
    said = _rendered(preview)
    for secret in ("false", "laboratory:", "AKIA", "hvs.", "wJalr", "eyJ", "PRIVATE"):
        assert secret not in said.replace('"false"', "false").replace(": false", ": [no]")
    assert '"laboratory"' not in said
    # What only looks long is no secret.
    assert "ab" * 20 in said
    assert SECRET not in said


def test_a_secret_that_changes_is_told_and_not_shown() -> None:
    old, new = {"inputs": {"clientSecret": "one"}}, {"inputs": {"clientSecret": "two"}}
    urn = "urn:pulumi:dev::project::a:b/c:C::name"
    told = steps(
        {"steps": [{"op": "update", "urn": urn, "oldState": old, "newState": new}]}, named=""
    )
    assert list(told[0].text()) == ["~ a:b/c:C name", "    clientSecret: [secret], another one"]


@pytest.mark.parametrize("document", [{}, [], {"steps": 1}, {"steps": [{"op": "create"}]}])
def test_what_is_no_preview_is_refused(document: Any) -> None:  # noqa: ANN401 - JSON of others
    with pytest.raises(UnreadableError, match="pulumi preview --json"):
        steps(document, named="it")


def test_two_previews_of_one_stack_are_refused_and_an_empty_one_is_none(tmp_path: Path) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json", tmp_path / "c.json"]
    for file in files[:2]:
        file.write_text(json.dumps(_preview()), "utf-8")
    files[2].write_text("", "utf-8")
    assert list(read([files[0], files[2]])) == [STACK]
    with pytest.raises(UnreadableError, match="already"):
        read(files)
