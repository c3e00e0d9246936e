"""What ends by itself: sessions, tokens, leases; and an AWS that hears of changes late.

The clocks of AWS and of Vault's tokens are moved; a lease, which Vault ends by the machine's clock,
is made short instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest
from botocore.exceptions import ClientError

from lab import switches
from lab.switches import Switches
from tests.awaiting import eventually
from tests.committed import USER
from tests.lab.conftest import ROOT, lab_command, start
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory

EXCHANGE = "sts:AssumeRoleWithWebIdentity"
SESSION_SECONDS = 3600
DELAY_SECONDS = 8


@pytest.fixture(scope="module")
def deployed(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """A laboratory with one engine, whose users are made and whose target role is assumed."""
    stack = Stack(world, tmp_path_factory.mktemp("stack"), "timely", ROOT)
    roles = {
        "my-role": USER,
        "deploy": {"credentialType": "assumed_role", "targetRoles": ["deploy"]},
    }
    engine = {"account": "main", "audience": "vault-aws", "tokenTtlSeconds": 600, "roles": roles}
    target = {"account": "main", "policy": "policies/aws/list-roles-and-users.json"}
    declared = settings(aws=engine) | {"targetRoles": {"deploy": target | {"trustedBy": ["aws"]}}}
    stack.create(declared)
    stack.up()
    return world


@pytest.fixture
def laboratory(deployed: Laboratory) -> Iterator[Laboratory]:
    """The laboratory with its clocks right, and Vault without a session of another time."""
    yield deployed
    switches.store(deployed.home, Switches())
    _sign_in_anew(deployed)


def _sign_in_anew(laboratory: Laboratory) -> None:
    """Make Vault forget its session, as any write of the configuration does."""
    held = laboratory.vault().read("aws/config/root")["data"]
    same = {"username_template": held["username_template"]}
    laboratory.vault().write_data("aws/config/root", data=same)


def _pass(laboratory: Laboratory, seconds: float) -> None:
    """Let time pass, for AWS and for the tokens of Vault alike."""
    moved = Switches(clock_offset_seconds=seconds, vault_clock_offset_seconds=seconds)
    switches.store(laboratory.home, moved)


def _decided(laboratory: Laboratory, since: int) -> list[tuple[str, str | None]]:
    entries = laboratory.decisions()[since:]
    return [(entry["action"], entry["error"]) for entry in entries]


def _client(laboratory: Laboratory, service: str, data: dict[str, str]) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    keys = data["access_key"], data["secret_key"], data.get("session_token")
    return laboratory.aws(service, *keys)


def test_a_session_of_vault_that_ends_is_followed_by_another_and_no_reader_notices(
    laboratory: Laboratory,
) -> None:
    vault = laboratory.vault()
    first = vault.read("aws/creds/my-role")["lease_id"]
    begun = len(laboratory.decisions())
    vault.sys.revoke_lease(vault.read("aws/creds/my-role")["lease_id"])
    assert EXCHANGE not in dict(_decided(laboratory, begun)), "Vault uses the session it has"

    _pass(laboratory, SESSION_SECONDS + 1)
    begun = len(laboratory.decisions())
    second = vault.read("aws/creds/my-role")["lease_id"]
    assert _decided(laboratory, begun)[:3] == [
        ("iam:CreateUser", "ExpiredToken"),
        (EXCHANGE, None),
        ("iam:CreateUser", None),
    ]

    # What the session before the last one made, this one may delete.
    _pass(laboratory, 2 * SESSION_SECONDS + 2)
    for lease in (first, second):
        vault.sys.revoke_lease(lease)
    assert administrator(laboratory).list_users(PathPrefix="/vault/")["Users"] == []


def test_a_session_that_vault_handed_out_ends_with_its_hour(laboratory: Laboratory) -> None:
    answer = laboratory.vault().read("aws/creds/deploy")
    assert 0 < answer["lease_duration"] <= SESSION_SECONDS
    sts = _client(laboratory, "sts", answer["data"])
    _pass(laboratory, SESSION_SECONDS - 60)
    assert ":assumed-role/" in sts.get_caller_identity()["Arn"]
    _pass(laboratory, SESSION_SECONDS + 1)
    with pytest.raises(ClientError, match="ExpiredToken"):
        sts.get_caller_identity()


@pytest.mark.parametrize(
    ("vault_ahead", "error", "rule"),
    [
        (-601, "ExpiredTokenException", "Token expired: current date/time"),
        (60, "InvalidIdentityToken", "lies after the current time"),
    ],
    ids=["vault is slow by more than a token lives", "vault is fast"],
)
def test_clocks_that_differ_keep_vault_out_until_they_agree(
    laboratory: Laboratory, vault_ahead: float, error: str, rule: str
) -> None:
    vault = laboratory.vault()
    _sign_in_anew(laboratory)
    switches.store(laboratory.home, Switches(vault_clock_offset_seconds=vault_ahead))
    with pytest.raises(hvac.exceptions.VaultError, match="NoCredentialProviders"):
        vault.read("aws/creds/my-role")
    refused = [entry for entry in laboratory.decisions() if entry["action"] == EXCHANGE][-1]
    assert (refused["outcome"], refused["error"]) == ("refused", error)
    assert rule in (laboratory.home.logs / "vault.log").read_text("utf-8")

    _pass(laboratory, vault_ahead)
    _sign_in_anew(laboratory)
    vault.sys.revoke_lease(vault.read("aws/creds/my-role")["lease_id"])


def test_a_lease_that_ends_takes_its_user_along_even_after_the_session_that_made_it(
    laboratory: Laboratory,
) -> None:
    vault = laboratory.vault()
    kept, ending = (vault.read("aws/creds/my-role") for _ in range(2))
    iam = _client(laboratory, "iam", ending["data"])
    user = iam.get_user()["User"]["UserName"]
    _pass(laboratory, SESSION_SECONDS + 1)

    vault.sys.renew_lease(ending["lease_id"], increment=2)
    administrator_ = administrator(laboratory)

    def users() -> set[str]:
        listed = administrator_.list_users(PathPrefix="/vault/")["Users"]
        return {entry["UserName"] for entry in listed}

    eventually("the user goes with its lease", lambda: user not in users())
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        iam.get_user()
    assert _client(laboratory, "iam", kept["data"]).get_user()["User"]["UserName"] in users()
    vault.sys.revoke_lease(kept["lease_id"])


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Laboratory]:
    """A laboratory whose AWS hears of every change late."""
    home = tmp_path / "slow"
    try:
        yield start(home, "--propagation-delay", str(DELAY_SECONDS))
    finally:
        lab_command("down", home)


def test_the_dev_stack_comes_works_and_goes_though_aws_is_slow_to_hear(slow: Laboratory) -> None:
    lab_command("application", slow.home.root)
    slow.pulumi("stack", "init")
    slow.pulumi("up", "--yes", "--skip-preview")
    waited = [entry for entry in slow.decisions() if entry["action"] == EXCHANGE]
    assert waited[0]["outcome"] == "refused", "AWS was asked before it had heard"

    # Whoever reads first gets credentials, which AWS knows as late as everything else.
    answer = slow.vault().read("aws/creds/my-role")
    iam = _client(slow, "iam", answer["data"])
    eventually("AWS knows the new user", lambda: _answers(iam.get_user))
    eventually("AWS trusts the engine's role", lambda: _answers(lambda: _assume(slow)))
    slow.pulumi("preview", "--expect-no-changes")

    # The user goes, yet AWS goes on listing it: the IAM role stays until it no longer does.
    slow.pulumi("destroy", "--yes", "--skip-preview")
    eventually("AWS lists nothing of the stack", lambda: set(holdings(slow)) <= {"roles"})
    assert set(holdings(slow).get("roles", {})) <= {"app"}


def _assume(laboratory: Laboratory) -> None:
    data = laboratory.vault().read("aws/creds/deploy")["data"]
    _client(laboratory, "sts", data).get_caller_identity()


def _answers(call: Callable[[], object]) -> bool:
    try:
        call()
    except (ClientError, hvac.exceptions.VaultError):
        return False
    return True
