"""``vaultaws explain`` without a cloud: what is read, what is answered, and how it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from clients.tls import TlsError
from federation import certificates, knowledge
from federation.account import AccountAccess
from federation.certificates import Verdict
from federation.obstacles import Exchange
from federation.trust import trust_policy
from operations import OperationError, cli, deployed, engine
from operations.deployed import Deployed
from operations.explain import mounts
from tests.unit.chains import sha1
from tests.unit.clouds import ARN, HOST, ISSUER, OUR_CHAIN, OURS, ROLE, SUBJECT, THEIR_CHAIN
from tests.unit.test_token import CLAIMS, written

if TYPE_CHECKING:
    from pathlib import Path

AUDIENCE = "vault-aws"
TRUST = trust_policy(ARN, AUDIENCE, SUBJECT)
ACCESS = AccountAccess(account_id="123456789012", region="us-east-1")


class FakeAccount:
    """An account whose identity provider and role are as the stack made them."""

    trust: Any = TRUST
    listed = (OURS,)

    def __init__(self, access: AccountAccess) -> None:
        assert access == ACCESS

    def role(self, name: str) -> FakeAccount | None:
        assert name == ROLE.rpartition("/")[2]
        return self if self.trust else None

    def thumbprints(self, arn: str) -> list[str]:
        assert arn == ARN
        return list(self.listed)

    def audiences(self, arn: str) -> frozenset[str]:
        assert arn == ARN
        return frozenset({AUDIENCE})


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack with one engine and one auth method of the same role."""
    said = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "subject": SUBJECT,
        "role_arn": ROLE,
        "provider_arn": ARN,
        "thumbprints": [OURS],
    }
    other = said | {"subject": "plugin-identity:root:auth:auth_aws_1"}
    outputs = {"secrets_engines": {"aws": said}, "auth_methods": {"aws": other}}
    held = Deployed(
        stack="dev",
        address=f"https://{HOST}",
        mounts=(),
        accounts={ACCESS.account_id: ACCESS},
        resources=(),
    )
    monkeypatch.setattr(engine, "outputs", lambda _: outputs)
    monkeypatch.setattr(engine, "selected", lambda stack: stack or "dev")
    monkeypatch.setattr(deployed, "read", lambda _: held)
    monkeypatch.setattr(mounts, "Account", FakeAccount)
    _present(monkeypatch, OUR_CHAIN)


def _present(monkeypatch: pytest.MonkeyPatch, chain: list[bytes]) -> None:
    monkeypatch.setattr(mounts, "presented_chain", lambda _: chain)
    verdict = Verdict(
        thumbprints=(sha1(chain[-1]),), authority="CN=test", ends=datetime(2030, 1, 1, tzinfo=UTC)
    )
    monkeypatch.setattr(certificates, "judge", lambda *_, **__: verdict)


def _typed(*arguments: str, given: str = "") -> tuple[int, str]:
    answer = CliRunner().invoke(cli.app, ["explain", *arguments], input=given)
    assert answer.exception is None or isinstance(answer.exception, SystemExit | OperationError)
    return answer.exit_code, answer.stdout or str(answer.exception)


def test_an_error_is_the_same_typed_piped_or_in_a_file(tmp_path: Path) -> None:
    message = "InvalidIdentityToken: Incorrect token audience"
    file = tmp_path / "error.txt"
    file.write_text(message, "utf-8")
    ways = [_typed(message), _typed("-", given=message), _typed(str(file)), _typed(given=message)]
    assert len(set(ways)) == 1
    code, printed = ways[0]
    assert code == 0
    assert "AWS (InvalidIdentityToken): the token's audience (`aud`) is not registered" in printed
    assert "aws iam get-open-id-connect-provider --open-id-connect-provider-arn PROVIDER" in printed
    assert "Source: aws-actions/configure-aws-credentials issue 775" in printed


def test_an_error_that_no_rule_knows_is_said_with_where_to_look() -> None:
    code, printed = _typed("An error occurred (Odd) when calling the ListBuckets operation: no")
    assert code == 1
    assert "no rule knows this" in printed
    assert "AttributeKey=EventName,AttributeValue=ListBuckets" in printed


def test_nothing_is_nothing_to_explain() -> None:
    code, said = _typed("-", given=" \n")
    assert code == 1
    assert said.startswith("there is nothing to explain")


@pytest.mark.parametrize("given", ["\0", "x" * 5000, "a\nb: AccessDenied"])
def test_a_text_that_can_be_no_file_is_a_text(given: str) -> None:
    assert _typed(given)[0] == int(not knowledge.explain(given))


def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "error.txt"
    file.touch()

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refused)
    assert _typed(str(file)) == (1, f"{file} cannot be read: Permission denied")


def test_a_token_is_shown_decoded_and_never_whole() -> None:
    one = written(CLAIMS | {"iat": 1, "nbf": 1, "exp": 2}, signature="hidden")
    code, printed = _typed("-", given=f"Bearer {one}\n")
    assert code == 1
    assert "aud          ['vault-aws-secrets']" in printed
    assert "secrets engine with the accessor aws_1a2b3c4d" in printed
    assert "expired at 1970-01-01 00:00:02 UTC" in printed
    assert "nothing of it is verified" in printed
    assert "a token is a secret" in printed
    assert "history" not in printed
    assert "hidden" not in printed
    assert one not in printed


def test_a_token_that_was_typed_is_said_to_have_been_seen() -> None:
    printed = " ".join(_typed(written())[1].split())
    assert "stands in this shell's history" in printed


def test_a_token_within_an_error_is_warned_of_and_the_error_explained() -> None:
    printed = " ".join(_typed("-", given=f"token={written()}: Incorrect token audience")[1].split())
    assert "the token's audience (`aud`) is not registered" in printed
    assert "there is a token in it" in printed


def test_with_json_everything_stands_in_one_document() -> None:
    code, printed = _typed("PackedPolicyTooLarge", "--json")
    document = json.loads(printed)
    assert code == 0
    assert document["kind"] == "error"
    assert document["refusals"][0]["codes"] == ["PackedPolicyTooLarge"]
    assert document["problems"] == []


@pytest.mark.parametrize(
    ("claims", "clause"),
    [
        (
            {"aud": "x"},
            f"{HOST}/v1/identity/oidc/plugins:aud: wants 'vault-aws', the token has 'x'",
        ),
        ({"sub": "y"}, f"plugins:sub: wants '{SUBJECT}', the token has 'y'"),
        ({"iss": f"{ISSUER}/"}, "Principal is"),
    ],
    ids=["aud", "sub", "iss"],
)
def test_the_clause_that_fails_is_named_for_each_claim(
    tmp_path: Path, claims: dict[str, str], clause: str
) -> None:
    file = tmp_path / "claims.json"
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT}
    file.write_text(json.dumps(good | claims), "utf-8")
    code, printed = _typed("-", "--claims", str(file), given=json.dumps(TRUST))
    assert code == 1
    assert clause in " ".join(printed.split())
    assert _typed("-", "--claims", json.dumps(good), given=json.dumps(TRUST))[0] == 0


def test_claims_may_be_those_of_a_token() -> None:
    claims = {"iss": ISSUER, "aud": [AUDIENCE], "sub": SUBJECT}
    code, printed = _typed("-", "--claims", written(claims), given=json.dumps(TRUST))
    assert code == 0
    assert "Admitted: these claims" in printed


@pytest.mark.parametrize("claims", ["[]", '{"aud": "x"}', "eyJhbGciOi.eyJhbGciOi.x"])
def test_claims_that_are_none_are_refused_without_being_repeated(claims: str) -> None:
    code, said = _typed("-", "--claims", claims, given=json.dumps(TRUST))
    assert code == 1
    assert said.startswith("--claims")
    assert claims not in said


def test_claims_judge_nothing_but_a_trust_policy() -> None:
    assert _typed("AccessDenied", "--claims", "{}") == (
        1,
        "--claims judge a trust policy, and this is none",
    )
    assert _typed("-", "--claims", "-")[0] == 2


@pytest.mark.usefixtures("stack")
def test_a_trust_policy_says_which_mounts_of_the_stack_it_admits() -> None:
    text = json.dumps(TRUST)
    code, printed = _typed("-", "--stack", "dev", given=text)
    assert code == 0
    assert "Admitted: mount aws" in printed
    code, printed = _typed("-", "--mount", "auth/aws", given=text)
    assert code == 1
    assert "mount auth/aws: OneVaultMount: StringEquals" in printed


@pytest.mark.usefixtures("stack")
def test_a_mount_that_the_stack_does_not_have_is_named_with_those_it_has() -> None:
    code, said = _typed("--mount", "other")
    assert (code, said) == (1, "the stack dev has no mount 'other'; it has aws, auth/aws")


@pytest.mark.usefixtures("stack")
def test_a_stack_that_is_well_says_so() -> None:
    code, printed = _typed("--stack", "dev", "--mount", "aws")
    assert code == 0
    assert f"presented    {OURS} ({HOST})" in printed
    assert f"AWS lists    {OURS}" in printed
    assert "AWS holds what these mounts need" in printed


@pytest.mark.usefixtures("stack")
def test_a_thumbprint_that_aws_does_not_list_is_told_with_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _present(monkeypatch, THEIR_CHAIN)
    code, printed = _typed("NoCredentialProviders", "--stack", "dev", "--mount", "aws")
    assert code == 1
    told = " ".join(printed.split())
    assert f"presents a chain that ends in {sha1(THEIR_CHAIN[-1])}" in told
    assert f"lists {OURS}; AWS refuses with InvalidIdentityToken" in told
    assert "pulumi up --stack dev" in printed


@pytest.mark.usefixtures("stack")
def test_a_host_that_cannot_be_read_from_here_is_no_fault_of_the_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(_: str) -> list[bytes]:
        raise TlsError("it is away")

    monkeypatch.setattr(mounts, "presented_chain", away)
    code, printed = _typed("--stack", "dev", "--mount", "aws")
    assert code == 0
    assert "presented    not read" in printed
    assert "its thumbprint was not read from here: it is away" in printed


@pytest.mark.usefixtures("stack")
def test_a_role_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeAccount, "trust", None)
    code, printed = _typed("--stack", "dev", "--mount", "aws")
    assert code == 1
    assert "there is none; AWS refuses with AccessDenied" in " ".join(printed.split())


@pytest.mark.usefixtures("stack")
def test_an_error_that_no_mount_can_show_more_of_does_not_ask_aws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mounts, "Account", None)
    assert _typed("PackedPolicyTooLarge", "--stack", "dev")[0] == 0


@pytest.mark.usefixtures("stack")
def test_a_token_is_judged_by_the_mount_whose_subject_it_has() -> None:
    claims = CLAIMS | {"exp": 10**11, "sub": SUBJECT, "iss": ISSUER, "aud": "other"}
    claims |= {"iat": 1, "nbf": 1}
    code, printed = _typed("-", "--stack", "dev", given=written(claims))
    assert code == 1
    assert "audience: 'other' is not registered" in " ".join(printed.split())
    code, printed = _typed("-", "--stack", "dev", given=written(claims | {"aud": [AUDIENCE]}))
    assert code == 0
    assert "Mount aws" in printed
    elsewhere = written(claims | {"iss": "https://other.example.com"})
    assert "its issuer is 'https://other" in " ".join(
        _typed("-", "--stack", "dev", given=elsewhere)[1].split()
    )
    code, printed = _typed("-", "--stack", "dev", given=written(claims | {"sub": "gone"}))
    assert code == 1
    assert f"They have: aws {SUBJECT}" in " ".join(printed.split())


def test_an_exchange_names_its_claims() -> None:
    exchange = Exchange(
        issuer=ISSUER, audience=AUDIENCE, subject=SUBJECT, provider_arn=ARN, role_arn=ROLE
    )
    assert exchange.claims == {"iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT}
