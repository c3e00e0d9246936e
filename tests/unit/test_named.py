"""What the settings name at AWS, and an update needs: looked for before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from components.dynamic.account import _AccountCheckProvider
from tests.unit.clouds import ACCOUNT, World
from tests.unit.declared import APP, METHODS, PEOPLE, POLICY, changed, load

if TYPE_CHECKING:
    from pathlib import Path

BOUND = "authMethods.aws.roles.app.boundPrincipals"
AUDIT = "arn:aws:iam::aws:policy/SecurityAudit"
SPARE = {"id": "333344445555", "region": "eu-west-1"}
THEIRS = "arn:aws:iam::210987654321:policy/team/x"


def test_bound_principals_boundaries_and_managed_policies_are_named_by_account(
    folder: Path,
) -> None:
    methods = load(
        changed(METHODS, {"accounts.main.boundary": POLICY, f"{BOUND}": [APP, f"{APP}2"]}), folder
    )
    assert methods.named("main") == {
        POLICY: "accounts.main.boundary",
        APP: BOUND,
        f"{APP}2": BOUND,
    }
    target = changed(PEOPLE, {"targetRoles.deploy.managedPolicies": [AUDIT, THEIRS]})
    people = load(target, folder)
    where = "targetRoles.deploy.managedPolicies"
    assert people.named("other") == {AUDIT: where, THEIRS: where}
    assert people.named("main") == {}


def test_what_the_stack_makes_itself_and_wildcards_are_not_looked_for(folder: Path) -> None:
    own = "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
    changes = {BOUND: [own, f"{APP}-*"], "authMethods.aws.wildcardPrincipals": True}
    assert load(changed(METHODS, changes), folder).named("main") == {}


def test_an_account_that_nothing_is_in_is_not_asked(folder: Path) -> None:
    people = load(PEOPLE, folder)
    assert people.is_used("main")
    assert people.is_used("other"), "a target role is in it"
    methods = load(changed(METHODS, {"accounts.spare": SPARE}), folder)
    assert not methods.is_used("spare")


def test_what_is_asked_of_an_account_is_no_change_of_anything() -> None:
    asked = ACCOUNT | {"setting": "accounts.main", "named": {}}
    later = asked | {"setting": "accounts.production", "named": {APP: BOUND}}
    found = _AccountCheckProvider().diff("123456789012", asked, later)
    assert found.changes is False
    assert not found.replaces


@pytest.mark.parametrize(
    ("recorded", "elsewhere"),
    [
        ({}, {}),
        ({"account_id": "123456789012", "named": {APP: BOUND}}, {APP: None}),
    ],
)
def test_what_is_there_or_was_when_it_was_named_is_let_through(
    recorded: dict[str, object],
    elsewhere: dict[str, str | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A principal that is gone since keeps nobody from another change."""
    World(elsewhere=elsewhere).put_in_place(monkeypatch)
    asked = ACCOUNT | {"setting": "accounts.main", "named": {APP: BOUND}}
    assert _AccountCheckProvider().check(recorded, asked).failures == []
