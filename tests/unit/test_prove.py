"""What a proof makes of what Vault, AWS and CloudTrail answer."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clients import callers
from clients.errors import AwsError, NotSignedInError, VaultError
from clients.leases import Lease
from clients.logins import Logins
from federation.account import AccountAccess
from operations import OperationError
from operations.deployed import Deployed
from operations.prove import engine as of_an_engine
from operations.prove import login as of_a_login
from operations.prove import report
from operations.prove.declared import Part, parts
from operations.prove.evidence import Book, Result
from operations.prove.prove import Report
from operations.prove.trail import Trace
from operations.prove.world import unbroken

ROLE = "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
SESSION = "arn:aws:sts::123456789012:assumed-role/vault-secret-dev-root-aws/vault-aws-secrets-1"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/vault.example.com/v1/identity/oidc/plugins"
ISSUED = Lease(
    access_key_id="AKIA1",
    secret_access_key="hidden",
    session_token="",
    lease_id="aws/creds/a/1",
    seconds=3600,
    renewable=True,
    arn="",
)


def _component(kind: str, key: str) -> dict[str, Any]:
    urn = f"urn:pulumi:dev::project::{kind}::{key}"
    return {"type": kind, "urn": urn, "outputs": {"summary": {"namespace": "", "mount": key}}}


def _deployed() -> Deployed:
    engine = _component("vaultwif:vault:SecretsEngine", "aws")
    unfinished = {**_component("vaultwif:vault:SecretsEngine", "late"), "outputs": {}}
    role = {"type": of_an_engine.ROLE, "parent": engine["urn"], "outputs": {"name": "reader"}}
    return Deployed(
        stack="dev",
        address="https://vault.example.com",
        mounts=(),
        accounts={},
        resources=(
            _component("vaultwif:vault:HumanLogin", "people"),
            _component("vaultwif:federation:AuthMethod", "auth/aws"),
            engine,
            unfinished,
            role,
        ),
    )


def test_parts_are_found_by_what_the_settings_call_them_with_what_they_are_made_of() -> None:
    found = parts(_deployed())
    assert [part.title for part in found] == [
        "secrets engine aws",
        "auth method aws",
        "login of people people",
    ]
    assert found[0].outputs(of_an_engine.ROLE) == [{"name": "reader"}]


def test_one_kind_of_part_asked_for_leaves_the_others_out() -> None:
    found = parts(_deployed(), engines=("aws",), logins=("people",))
    assert [part.title for part in found] == ["secrets engine aws", "login of people people"]


def test_every_part_that_is_not_there_is_said() -> None:
    with pytest.raises(OperationError) as error:
        parts(_deployed(), engines=("azure",), methods=("aws", "gcp"))
    assert str(error.value) == (
        "the stack dev has no secrets engine azure (there is aws); no auth method gcp (there is "
        "aws)"
    )


@dataclass
class _Engine:
    answer: str | Exception

    def session(self) -> str:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "result", "said"),
    [
        (SESSION, Result.SHOWN, SESSION),
        (SESSION.replace("root-aws/", "root-other/"), Result.WRONG, "not a session of"),
        (SESSION.replace("1234", "4321"), Result.WRONG, "not a session of"),
        ("arn:aws:iam::123456789012:user/vault", Result.WRONG, "not a session of"),
        (VaultError("NoSuchEntity: no user session-check"), Result.WRONG, "it is somebody else"),
        (NotSignedInError("no session"), Result.WRONG, "no session"),
        (VaultError("ServiceUnavailable"), Result.OPEN, "ServiceUnavailable"),
    ],
)
def test_who_the_engine_is_is_told_by_how_aws_refuses_it(
    answer: str | Exception, result: Result, said: str
) -> None:
    book = Book()
    part = Part(kind="secrets engine", key="aws", summary={"role_arn": ROLE}, children=())
    of_an_engine._session(part, _Engine(answer), book.about("it"))  # type: ignore[arg-type] # a fake
    (finding,) = book.findings
    assert finding.result is result
    assert said in finding.evidence


@dataclass
class _Vault:
    """Vault, as far as a login's role is read."""

    held: dict[str, Any]

    def read(self, path: str) -> dict[str, Any]:
        assert path == "auth/people/role/people-groups"
        return self.held

    def listed(self, path: str) -> list[str]:
        assert path == "auth/people/role"
        return ["people-groups"]


GROUPS = ["CN=Vault Admins,OU=Groups,DC=corp", "engineering"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"bound_claims": {"groups": [*GROUPS, "everybody"]}}, "everybody"),
        ({"bound_claims": None}, "bound_groups is not set"),
        ({"token_policies": ["admin"]}, "token_policies is ['admin'], declared is not set"),
        ({"allowed_redirect_uris": ["https://evil.example"]}, "evil.example"),
    ],
)
def test_a_role_for_groups_whose_names_have_commas_is_judged_though_the_state_hides_it(
    changes: dict[str, Any], said: str
) -> None:
    uris = ["http://localhost:8250/oidc/callback"]
    held = {
        "role_type": "oidc",
        "user_claim": "sub",
        "bound_claims_type": "string",
        "bound_claims": {"groups": GROUPS[::-1]},
        "allowed_redirect_uris": uris,
        "token_policies": [],
    }
    hidden = {"type": of_a_login.ENDPOINT, "outputs": {"dataJson": {"ciphertext": "x"}}}
    aliases = ({"type": of_a_login.ALIAS, "outputs": {"name": name}} for name in GROUPS)
    part = Part(
        kind="login of people",
        key="people",
        summary={"mount": "people", "log_in": {"people-groups": "..."}, "redirect_uris": uris},
        children=(hidden, *aliases),
    )
    book = Book()
    logins = Logins(_Vault({**held, **changes}))  # type: ignore[arg-type] # a fake
    of_a_login._role(part, logins, book.about("it"))
    (finding,) = book.findings
    assert finding.result is (Result.WRONG if said else Result.SHOWN), finding.evidence
    assert said in finding.evidence


def _trace(**changes: Any) -> Trace:  # noqa: ANN401 - fields of several types
    given: dict[str, Any] = {
        "page": Book().about("it"),
        "what": "its record",
        "access": AccountAccess(account_id="123456789012", region="eu-west-1"),
        "region": "eu-west-1",
        "role_arn": ROLE,
        "provider_arn": PROVIDER,
    }
    return Trace(**given | changes)


def _event(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    issuer = {"sessionIssuer": {"arn": ROLE}, "webIdFederationData": {}}
    return {
        "userIdentity": {"type": "AssumedRole", "arn": SESSION, "sessionContext": issuer},
        "responseElements": {"credentials": {"accessKeyId": "ASIA1"}},
        "requestParameters": {"roleArn": "arn:aws:iam::123456789012:role/target"},
        **changes,
    }


def test_a_record_is_known_by_the_key_that_came_of_the_call() -> None:
    trace = _trace(event="AssumeRole", key_id="ASIA1")
    assert trace.fits(_event())
    assert not trace.fits(_event(responseElements=None))
    assert not _trace(event="AssumeRole", key_id="ASIA2").fits(_event())
    user = _event(responseElements={"accessKey": {"accessKeyId": "AKIA1"}})
    assert _trace(event="CreateAccessKey", key_id="AKIA1").fits(user)


def test_records_are_looked_for_where_the_partition_keeps_those_of_iam_too() -> None:
    assert _trace().regions == ["eu-west-1", "us-east-1"]
    assert _trace(region="us-east-1").regions == ["us-east-1"]
    china = _trace(region="cn-north-1", role_arn=ROLE.replace("arn:aws:", "arn:aws-cn:"))
    assert china.regions == ["cn-north-1", "cn-northwest-1"]


def test_a_caller_that_is_another_is_told_by_the_record() -> None:
    trace = _trace(event="AssumeRole", key_id="ASIA1")
    assert trace.problems(_event()) == []
    user = {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/vault"}
    assert trace.problems(_event(userIdentity=user)) == [
        f"it was asked by {user['arn']}, which is no session of {ROLE}"
    ]
    context = {"sessionIssuer": {"arn": ROLE}, "webIdFederationData": {"federatedProvider": "x"}}
    assert trace.problems(_event(userIdentity={"arn": SESSION, "sessionContext": context}))


def test_an_exchange_is_known_by_role_and_judged_by_subject_and_provider() -> None:
    trace = _trace(subject="plugin-identity:root:auth:a")
    who = {"userName": "plugin-identity:root:auth:a", "identityProvider": PROVIDER}
    event = _event(requestParameters={"roleArn": ROLE}, userIdentity=who)
    assert trace.fits(event)
    assert trace.problems(event) == []
    assert trace.problems({**event, "userIdentity": {**who, "userName": "another"}}) == [
        f"it was exchanged by another of {PROVIDER}"
    ]
    assert not trace.fits({**event, "responseElements": None}), "it was refused"


@dataclass
class _Sts:
    codes: list[str]
    asked: int = 0

    def caller(self, *_: object) -> str:
        self.asked += 1
        if self.codes:
            answer = {"Error": {"Code": self.codes.pop(0), "Message": "no"}}
            raise ClientError(answer, "GetCallerIdentity")  # type: ignore[arg-type] # enough of one
        return "arn:aws:iam::123456789012:user/vault/a"


@pytest.mark.parametrize("code", sorted(callers.NOT_KNOWN_YET))
def test_a_key_that_aws_does_not_know_yet_is_tried_again(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = _Sts([code, code])
    monkeypatch.setattr(callers, "_arn", sts.caller)
    monkeypatch.setattr(callers, "PAUSE_SECONDS", 0)
    told = callers.await_caller(ISSUED, "us-east-1", deadline=60)
    assert (told, sts.asked) == ("arn:aws:iam::123456789012:user/vault/a", 3)


def test_what_is_refused_for_good_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sts = _Sts(["AccessDenied"])
    monkeypatch.setattr(callers, "_arn", sts.caller)
    with pytest.raises(AwsError, match="AccessDenied") as error:
        callers.await_caller(ISSUED, "us-east-1", deadline=60)
    assert sts.asked == 1
    assert "hidden" not in f"{error.value}{ISSUED}"


def test_an_answer_that_comes_after_an_interruption_is_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undone: list[str] = []

    def interrupted(future: Any) -> str:  # noqa: ANN401 - a future
        if not undone and not taken:
            taken.append(True)
            raise KeyboardInterrupt
        return str(original(future))

    from concurrent.futures import Future  # noqa: PLC0415 - patched below

    taken: list[bool] = []
    original = Future.result
    monkeypatch.setattr(Future, "result", lambda self, **_: interrupted(self))
    with pytest.raises(KeyboardInterrupt):
        unbroken(lambda: "the lease", undone.append)
    assert undone == ["the lease"]


@dataclass
class _Found:
    book: Book = field(default_factory=Book)

    def report(self) -> Report:
        moment = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
        return Report(
            stack="dev",
            vault="https://vault.example.com",
            version="1.21.0+ent",
            began=moment,
            ended=moment,
            token="oidc-alice, entity 1",
            callers=("arn:aws:iam::123456789012:user/alice",),
            findings=tuple(self.book.findings),
        )


def test_a_report_says_what_is_wrong_first_and_what_was_not_shown_last() -> None:
    found = _Found()
    page = found.book.about("secrets engine aws")
    page.shown("one", "seen | twice <b>")
    page.wrong("two", "it is *otherwise*", "mend it")
    page.open("three", "nobody is here", "come here")
    text = report.markdown(found.report())
    counts = "1 shown, 1 not as declared, 1 not shown"
    assert f"The stack dev is NOT proven to do what it declares: {counts}." in text
    assert "| one | shown | seen \\| twice \\<b\\> | " in text
    assert text.index("**secrets engine aws: two**") < text.index("## Secrets engine aws")
    assert text.index("## Secrets engine aws") < text.index("**secrets engine aws: three**")
    assert "| asked at Vault by the token of | oidc-alice, entity 1 |" in text
    document = report.document(found.report())
    assert json.loads(json.dumps(document)) == document
    assert (document["proven"], len(document["findings"])) == (False, 3)


def test_what_is_not_shown_is_nothing_wrong_and_what_could_not_be_looked_at_is_not_proven() -> None:
    found = _Found()
    found.book.about("it").open("one", "why", "how")
    assert found.report().proven
    found.book.about("it").unseen("two", "no rights", "get them")
    assert not found.report().proven
    assert "**it: two**, could not be looked at: no rights" in report.markdown(found.report())
