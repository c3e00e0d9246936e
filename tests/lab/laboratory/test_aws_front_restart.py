from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from lab.home import read_json
from tests.lab.laboratory.aws_front import MAIN, OTHER, allow, refused, world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.laboratory.aws_front import World


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as built:
        built.provider()
        yield built


def restart(aws: World) -> None:
    assert aws.stop("lab.aws") == 0
    aws.start("lab.aws", read_json(aws.home.ports)["aws"])


def test_everything_survives_a_restart(aws: World) -> None:
    role = aws.role("lasting", None, allow("iam:CreateUser"))
    session = aws.assume(role, DurationSeconds=900)["Credentials"]
    iam = aws.client("iam", credentials=session)
    iam.create_user(UserName="vault-lasting", Path="/vault/")
    before = aws.client("iam").get_user(UserName="vault-lasting")["User"]
    aws.client("iam", account=OTHER).create_user(UserName="over-there")
    restart(aws)
    assert aws.client("iam").get_user(UserName="vault-lasting")["User"] == before
    assert aws.client("iam", account=OTHER).get_user(UserName="over-there")
    iam.create_user(UserName="vault-after", Path="/vault/")
    assert aws.assume(role)["Credentials"]
    with aws.switched(clock_offset_seconds=901), refused("ExpiredToken", 403):
        iam.create_user(UserName="vault-later")
    assert (aws.home.aws / "state.pickle").stat().st_mode & 0o777 == 0o600


def test_no_name_is_given_twice(aws: World) -> None:
    ids = []
    for name in ("first", "second"):
        restart(aws)
        iam = aws.client("iam")
        ids.append(iam.create_user(UserName=name)["User"]["UserId"])
        ids.append(iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"])
    assert len(set(ids)) == 4


def test_a_laboratory_without_accounts_gets_its_own_with_random_keys(aws: World) -> None:
    aws.stop("lab.aws")
    aws.home.accounts.unlink()
    aws.start("lab.aws", read_json(aws.home.ports)["aws"])
    accounts = read_json(aws.home.accounts)
    assert [account["name"] for account in accounts] == ["main", "data", "gov", "china"]
    assert accounts[0]["id"] == MAIN
    for field in ("id", "access_key_id", "secret_access_key"):
        assert len({account[field] for account in accounts}) == 4
    assert aws.client("sts").get_caller_identity()["Arn"].endswith("bootstrap-administrator")
    former = {"AccessKeyId": "AKIAFALSEMAIN", "SecretAccessKey": "false-secret-of-main"}
    with refused("InvalidClientTokenId", 403):
        aws.client("sts", credentials=former).get_caller_identity()


@pytest.mark.parametrize("through_network", [False, True])
def test_no_call_is_ever_repeated(aws: World, through_network: bool) -> None:  # noqa: FBT001 - parametrized
    iam = aws.client("iam", through_network=through_network, attempts=5)
    answers = [iam.get_user() for _ in range(300)]

    def several(number: int) -> list[dict[str, Any]]:
        return [iam.list_user_policies(UserName=f"many-{number}") for _ in range(25)]

    for number in range(8):
        iam.create_user(UserName=f"many-{number}")
    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(several, range(8)):
            answers += found
    assert len(answers) == 500
    assert {answer["ResponseMetadata"]["RetryAttempts"] for answer in answers} == {0}
    lines = aws.home.decisions.read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    answered = {answer["ResponseMetadata"]["RequestId"] for answer in answers}
    assert answered <= {entry["request_id"] for entry in entries}
    assert Counter(entry["invocation_id"] for entry in entries).most_common(1)[0][1] == 1
