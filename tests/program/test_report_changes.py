"""What an update changes, by a preview, for the comment of a pull request."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from operations.report import resources
from operations.report.changes import Changes, Right, Verb, changes
from operations.report.markdown import COMMENT, comment
from tests.committed import SECRET
from tests.program.states import previewed, production

if TYPE_CHECKING:
    from collections.abc import Callable

Settings = dict[str, Any]
S3 = "policies/aws/read-reports.json"


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    return production()


def _changes(before: dict[str, Any], change: Callable[[Settings], None]) -> Changes:
    return changes(resources.of_preview(previewed(before, production(change)), named="it"))


def _said(found: tuple[Right, ...], index: int = 0) -> list[str]:
    return [f"{right.who} {right.verb.value[index]} {right.what}" for right in found]


MAIN, DATA = "account 123456789012", "account 444455556666"
OPERATE = f"vault-target-production-operate (session of a role, {MAIN})"
REPORT = f"vault-target-production-report (session of a role, {DATA})"
LEGACY = f"vault-*-legacy-* (a new IAM user, {MAIN})"


def _binds_a_group(settings: Settings) -> None:
    settings["humanLogins"]["people"]["groups"]["platform"] = {"awsRoles": ["apps/legacy"]}


def _grants_a_group_more(settings: Settings) -> None:
    settings["humanLogins"]["people"]["groups"]["engineering"]["awsRoles"].append("apps/legacy")


def _binds_a_principal(settings: Settings) -> None:
    bound = settings["authMethods"]["apps"]["roles"]["billing"]["boundPrincipals"]
    bound.append("arn:aws:iam::123456789012:role/batch")


def _widens_a_policy(settings: Settings) -> None:
    settings["targetRoles"]["operate"]["policy"] = S3


def _attaches_a_policy(settings: Settings) -> None:
    settings["targetRoles"]["operate"]["managedPolicies"] = ["arn:aws:iam::aws:policy/PowerUser"]


def _trusts_an_engine(settings: Settings) -> None:
    settings["targetRoles"]["report"]["trustedBy"].append("apps-data")


def _adds_a_vault_role(settings: Settings) -> None:
    roles = settings["secretsEngines"]["apps"]["roles"]
    roles["other"] = dict(roles["legacy"])


def _gives_a_vault_policy(settings: Settings) -> None:
    settings["authMethods"]["apps"]["roles"]["billing"]["existingPolicies"] = ["theirs"]


@pytest.mark.parametrize(
    ("change", "gained"),
    [
        (
            _binds_a_group,
            [f"people of the group platform, namespace apps can become {LEGACY}"],
        ),
        (
            _grants_a_group_more,
            [f"people of the group engineering, namespace apps can become {LEGACY}"],
        ),
        (_binds_a_principal, [f"application role/batch, {MAIN} can become {LEGACY}"]),
        (
            _widens_a_policy,
            [
                f"{OPERATE} may iam:GetUser on arn:aws:iam::*:user/vault/*/${{aws:username}}",
                f"{OPERATE} may s3:ListBucket on arn:aws:s3:::laboratory-main",
                f"{OPERATE} may s3:GetObject on arn:aws:s3:::laboratory-main/reports/*",
            ],
        ),
        (
            _attaches_a_policy,
            [f"{OPERATE} may what the policy PowerUser grants, which is kept elsewhere"],
        ),
        (
            _trusts_an_engine,
            [f"{REPORT} lets in vault-secret-production-apps-apps--data ({DATA})"],
        ),
        (
            _gives_a_vault_policy,
            [f"application role/app, {MAIN} is given the Vault policy theirs (namespace apps)"],
        ),
    ],
)
def test_whoever_gains_a_right_is_told_and_nobody_else(
    before: dict[str, Any], change: Callable[[Settings], None], gained: list[str]
) -> None:
    found = _changes(before, change)
    # Vault's own role looks up whoever may log in, and makes the users that it hands out.
    own = "vault-secret-production", "vault-auth-production"
    assert [said for said in _said(found.gained) if not said.startswith(own)] == gained


@pytest.mark.parametrize(
    "change",
    [_binds_a_group, _grants_a_group_more, _binds_a_principal, _trusts_an_engine],
)
def test_what_is_taken_back_is_lost_and_nothing_gained(change: Callable[[Settings], None]) -> None:
    there, back = production(change), production()
    found = changes(resources.of_preview(previewed(there, back), named="it"))
    forth = changes(resources.of_preview(previewed(back, there), named="it"))
    assert not found.gained
    assert [(right.who, right.verb, right.what) for right in found.lost] == [
        (right.who, right.verb, right.what) for right in forth.gained
    ]


def test_what_vault_itself_may_is_told_after_what_people_may(before: dict[str, Any]) -> None:
    def change(settings: Settings) -> None:
        _adds_a_vault_role(settings)
        _binds_a_group(settings)

    verbs = [right.verb for right in _changes(before, change).gained]
    assert verbs[0] is Verb.BECOMES
    assert verbs == sorted(verbs, key=list(Verb).index)


def test_a_preview_that_changes_nothing_says_so(before: dict[str, Any]) -> None:
    found = _changes(before, lambda _: None)
    assert (found.gained, found.lost, found.anew, found.notes) == ((), (), (), ())
    assert "Nobody gains or loses a right." in comment(found)


def test_a_first_preview_is_all_gain() -> None:
    nothing: dict[str, Any] = {"deployment": {"resources": []}}
    found = changes(resources.of_preview(previewed(nothing, production()), named="it"))
    assert not found.lost
    becomes = [said for said in _said(found.gained) if " can become " in said]
    assert len(becomes) == 4


def _replaced(before: dict[str, Any], name: str) -> dict[str, Any]:
    steps = previewed(before, before)["steps"]
    (step,) = [each for each in steps if each["urn"].endswith(f"::{name}")]
    step["op"] = "replace"
    return {"steps": steps}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("operate-role", "IAM trusts it by its unique id"),
        ("apps-mount", "its leases end first"),
        ("auth/apps-role/billing", "gets in from then on"),
    ],
)
def test_what_is_made_anew_is_told_with_what_breaks(
    before: dict[str, Any], name: str, told: str
) -> None:
    found = changes(resources.of_preview(_replaced(before, name), named="it"))
    ((_, follows),) = found.anew
    assert told in follows
    assert told in comment(found)
    assert not found.gained


def test_what_a_refresh_found_counts_as_there_before(before: dict[str, Any]) -> None:
    """A preview looks first: what somebody else changed is lost by the update that mends it."""
    steps = previewed(before, before)["steps"]
    (step,) = [each for each in steps if each["urn"].endswith("::operate-policy")]
    drifted = copy.deepcopy(step["oldState"])
    wide = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for values in (drifted["inputs"], drifted["outputs"]):
        values["policy"] = json.dumps(wide)
    refresh = {**step, "op": "refresh", "newState": drifted}
    mend = {**step, "op": "update", "oldState": drifted}
    others = [each for each in steps if each is not step]
    found = changes(resources.of_preview({"steps": [refresh, *others, mend]}, named="it"))
    assert not found.gained
    assert _said(found.lost, 1) == [f"{OPERATE} may no longer * on *"]


def test_a_comment_has_new_rights_first_and_no_secret(before: dict[str, Any]) -> None:
    def change(settings: Settings) -> None:
        _binds_a_group(settings)
        settings["humanLogins"]["people"]["groups"]["engineering"]["awsRoles"] = ["apps/operate"]

    found = _changes(before, change)
    said = comment(found)
    assert said.index("#### New rights") < said.index("#### Lost rights")
    assert "**1 new right, 1 lost right, 0 things made anew**" in said
    for text in (said, json.dumps(found.document())):
        assert SECRET not in text


def test_a_comment_never_outgrows_its_place_and_says_what_it_leaves_out() -> None:
    gained = tuple(
        Right(who=f"group {number}", verb=Verb.BECOMES, what="x" * 3000, details=("by login",))
        for number in range(500)
    )
    lost = (Right(who="somebody", verb=Verb.MAY, what="something"),)
    said = comment(
        Changes(stack="production", gained=gained, lost=lost, anew=(), notes=("n" * 9000,))
    )
    assert len(said) <= COMMENT
    assert "500 new rights, 1 lost right" in said
    assert "`group 0`" in said
    shown = sum(line.startswith(("- ", "  - ")) for line in said.splitlines())
    heading = 3
    assert f"**Not all fits: {500 * 2 + 1 - shown + heading} more lines are left out.**" in said


def test_what_a_name_holds_means_nothing_to_markdown() -> None:
    wicked = "a`b` | <img src=x> @team [x](y) #1"
    right = Right(who=wicked, verb=Verb.BECOMES, what=wicked)
    found = Changes(
        stack=wicked, gained=(right,), lost=(), anew=((wicked, wicked),), notes=(wicked,)
    )
    outside = comment(found).replace("``` a`b` | <img src=x> @team [x](y) #1 ```", "")
    for sign in ("<img", " @team", "[x](", " #1"):
        assert sign not in outside


def test_an_update_that_cannot_be_seen_to_its_end_says_so(before: dict[str, Any]) -> None:
    preview = previewed(before, before)
    message = "error: unable to replace resource: it is protected\n"
    preview["diagnostics"] = [{"severity": "error", "message": message}]
    said = comment(changes(resources.of_preview(preview, named="it")))
    assert "The preview ended early, so more may change: unable to replace resource" in said


@pytest.mark.parametrize("document", [{}, [], {"steps": 1}, {"steps": [{"op": "same"}]}])
def test_what_is_no_preview_is_refused(document: Any) -> None:  # noqa: ANN401 - JSON of others
    with pytest.raises(resources.UnreadableError, match="pulumi preview --json"):
        resources.of_preview(document, named="it")
