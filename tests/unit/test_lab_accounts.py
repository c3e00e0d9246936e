from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.accounts import ACCOUNTS, DEPLOY_ROLE, absent
from lab.aws.judgement.principals import is_known

HELD = [
    {"name": entry.name, "id": entry.id, "partition": entry.partition, "access_key_id": "AKIAFALSE"}
    for entry in ACCOUNTS
]


def test_a_laboratory_of_one_account_lacks_the_others() -> None:
    assert [entry.name for entry in absent(HELD[:1])] == ["data", "gov", "china"]
    assert absent([]) == ACCOUNTS
    assert absent(HELD) == ()


def test_an_account_that_somebody_added_is_left_alone() -> None:
    own = {"name": "other", "id": "210987654321", "partition": "aws"}
    assert absent([*HELD, own]) == ()


@pytest.mark.parametrize(
    "change",
    [{"id": "210987654321"}, {"name": "storage"}, {"partition": "aws-cn"}],
    ids=["same name", "same id", "other partition"],
)
def test_an_account_that_contradicts_is_refused_with_both_named(change: dict[str, str]) -> None:
    other = {**HELD[1], **change}
    with pytest.raises(ValueError, match="remove the laboratory's folder") as caught:
        absent([HELD[0], other])
    text = str(caught.value)
    assert f"account {other['name']!r} with id {other['id']} in partition {other['partition']}" in (
        text
    )
    assert "account 'data' with id 444455556666 in partition aws" in text
    assert "AKIAFALSE" not in text


def test_the_page_of_the_laboratory_lists_every_profile_with_its_account() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "laboratory.md"
    listed = re.findall(r"^\| `([a-z-]+)` \| (\d{12}) \|", page.read_text("utf-8"), re.MULTILINE)
    deploying = [(f"{entry.name}-{DEPLOY_ROLE}", entry.id) for entry in ACCOUNTS if entry.deployer]
    application = (f"{ACCOUNTS[0].name}-app", ACCOUNTS[0].id)
    own = [(entry.name, entry.id) for entry in ACCOUNTS]
    assert sorted(listed) == sorted([*own, *deploying, application])


@pytest.mark.parametrize(
    ("service", "known_after"), [("sts", 5), ("iam", 5), ("s3", 10), ("ec2", 10)]
)
def test_one_service_knows_a_new_key_before_another(service: str, known_after: float) -> None:
    assert not is_known(known_after - 0.1, 10, service)
    assert is_known(known_after, 10, service)
    assert is_known(0, 0, service), "in the plain laboratory all are known at once"
