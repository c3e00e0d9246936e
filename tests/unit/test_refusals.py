"""Every refusal with its full message; of the settings, one line that names the key.

The cases stand by section in ``tests/unit/refusals``, each a change of sound settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.declared import ENGINES, METHODS, PEOPLE, changed, load, problems
from tests.unit.refusals import deploying, engines, methods, people, roles, vault
from tests.unit.refusals.reached import refusals, watched, worded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.declared import Sections
    from tests.unit.refusals.deploying import Attempt
    from tests.unit.refusals.fields import Case

TABLES: tuple[tuple[Sections, list[Case], dict[str, str]], ...] = (
    (ENGINES, vault.CASES, {}),
    (ENGINES, engines.CASES, {}),
    (ENGINES, engines.OF_THE_STACK, {"stack": "Dev"}),
    (ENGINES, roles.CASES, {}),
    (PEOPLE, people.CASES, {}),
    (PEOPLE, people.IN_THE_CLEAR, {"encrypted": ""}),
    (METHODS, methods.CASES, {}),
)
"""Sound settings, what is refused once they are changed, and how they are loaded."""
CASES = [
    pytest.param(sound, changes, options, message, id=message[:80])
    for sound, cases, options in TABLES
    for changes, message in cases
]
PROMISED = {
    "a port in the issuer": "must have no port, for AWS takes no issuer with one",
    "a path in the issuer": "must have no path, query or fragment",
    "http": '"http://v.example.com" must begin with https://',
    "a trailing slash": "must not end with a slash",
    "a wildcard as target": "must be the ARN of one role, without wildcards",
    "a wildcard as principal, unless the stack says so": "set wildcardPrincipals of the method",
    "a session longer than an hour": "3601 must be at most 3600: Vault's own session assumes",
    "federation_token": "AWS lets no session call GetFederationToken",
    "session_token": "AWS lets no session call GetSessionToken",
    "an unknown account": "is no account of this stack; known are",
    "two mounts on one path of a namespace": "or around it, in the same namespace",
    "an unknown key": "is unknown; did you mean",
    "a missing policy file": "must be a file inside the project's folder; there is none",
    "a policy that is no JSON": "must hold an IAM policy: not JSON",
    "a policy that IAM would not take": "Action must be such as iam:GetUser",
    "an action that AWS does not know": "iam has no action 'GetUsr'; did you mean GetUser",
    "a resource of a kind that the action has nothing to do with": "acts on none of the resources",
    "an unknown condition operator": "'StringEqual'; did you mean StringEquals?",
    "a policy too large for a user": "AWS grants a user no more",
    "a trust policy too large": "makes the trust policy",
    "inline policies too large": "makes the inline policies",
    "a name too long for AWS": "characters, allowed are 64; shorten the name",
    "a key of AWS": "no key is stored",
    "a client secret in the clear": "must be secret, but stands in the clear",
}
"""What the documentation says is refused, each with words of the message that refuses it."""
UNREACHABLE = {
    "federation/documents.py, parse: raise ValueError": "the program reads files by read_policy",
    **dict.fromkeys(
        (
            "federation/grants.py, _capabilities: raise ValueError",
            "federation/grants.py, _vault_rules: raise ValueError('",
            "federation/grants.py, _vault_rules: raise ValueError(f'",
            "federation/grants.py, _vault_tokens: raise ValueError",
        ),
        "a report reads policies that Vault has taken",
    ),
    "federation/identity.py, provider_identifier: raise ValueError": (
        "an issuer begins with an address of the settings, which begins with https://"
    ),
    "federation/identity.py, condition_key: raise ValueError": "the ARN is of names.provider_arn",
    "federation/names.py, __post_init__: raise ValueError(f'namespace": (
        "a section whose namespace is wrong has no names"
    ),
    "federation/names.py, __post_init__: _fit('IAM path'": (
        "the role's name holds the same parts and has an eighth of the room"
    ),
    "federation/regions.py, partitions: raise RuntimeError": "boto3 is installed with botocore",
}
"""Refusals that neither settings nor the clouds can bring about, by how they begin, and why."""


@pytest.mark.parametrize(("sound", "changes", "options", "message"), CASES)
def test_it_is_refused_with_key_value_and_what_is_allowed(
    sound: Sections,
    changes: dict[str, object],
    options: dict[str, str],
    message: str,
    folder: Path,
) -> None:
    assert problems(changed(sound, changes), folder, **options) == message.splitlines()


@pytest.mark.parametrize(
    "attempt", [pytest.param(attempt, id=attempt.what) for attempt in deploying.ATTEMPTS]
)
def test_what_contradicts_the_clouds_is_refused(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attempt.told(monkeypatch) == [attempt.refusal]


@pytest.mark.parametrize("words", [pytest.param(PROMISED[what], id=what) for what in PROMISED])
def test_what_is_said_to_be_refused_has_a_case(words: str) -> None:
    assert [message for _, cases, _ in TABLES for _, message in cases if words in message]


@pytest.mark.parametrize("sound", [ENGINES, PEOPLE, METHODS])
def test_what_the_cases_change_is_sound_before(sound: Sections, folder: Path) -> None:
    assert load(sound, folder).accounts


def test_no_refusal_is_without_a_case(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched() as made:
        for sound, cases, options in TABLES:
            for changes, _ in cases:
                problems(changed(sound, changes), folder, **options)
        for attempt in deploying.ATTEMPTS:
            with monkeypatch.context() as patched:
                attempt.told(patched)
    without = {refusal.words for refusal in set(refusals()) - made}
    excused = {words for words in without if words.startswith(tuple(UNREACHABLE))}
    assert without - excused == set()
    assert len(excused) == len(UNREACHABLE), "something here is reached, or is no more"


def test_no_words_of_a_refused_key_are_without_a_case() -> None:
    told = "\n".join(message for _, cases, _ in TABLES for _, message in cases)
    assert {words for words in worded() if words not in told} == set()
