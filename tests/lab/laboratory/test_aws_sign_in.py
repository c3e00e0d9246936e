"""The laboratory's sign-in to the console: whom it lets in, and whom it refuses."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests

from lab.home import read_json
from tests.lab.laboratory.aws_front import MAIN, allow, document, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.laboratory.aws_front import World

SIGN_IN = "https://signin.aws.amazon.com/federation"
CONSOLE = "https://console.aws.amazon.com/console/home?region=us-east-1"
Keys = dict[str, str]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("front")) as built:
        built.provider()
        yield built


@pytest.fixture(scope="module")
def chained(aws: World) -> Keys:
    """A session that a session has assumed, as all that Vault hands out."""
    target = f"arn:aws:iam::{MAIN}:role/target"
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{MAIN}:root"},
    }
    aws.role("target", trust)
    first = aws.assume(aws.role("first", None, allow("sts:AssumeRole", target)))["Credentials"]
    sts = aws.client("sts", credentials=first)
    keys: Keys = sts.assume_role(RoleArn=target, RoleSessionName="chained")["Credentials"]
    return keys


@pytest.fixture(scope="module")
def federated(aws: World) -> Keys:
    policy = document(allow("*"))
    answer = aws.client("sts").get_federation_token(Name="someone", Policy=policy)
    keys: Keys = answer["Credentials"]
    return keys


def _browser(aws: World) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(aws.home.trust_bundle)
    session.proxies = {"https": f"http://127.0.0.1:{read_json(aws.home.ports)['proxy']}"}
    return session


def _session(keys: Keys) -> str:
    named = {
        "sessionId": keys["AccessKeyId"],
        "sessionKey": keys["SecretAccessKey"],
        "sessionToken": keys.get("SessionToken", ""),
    }
    return json.dumps(named)


def _ask(aws: World, session: str, *, url: str = SIGN_IN, **more: str) -> requests.Response:
    asked = {"Action": "getSigninToken", "Session": session, **more}
    return _browser(aws).post(url, data=asked)


def _refused(aws: World, answer: requests.Response, rule: str, action: str) -> None:
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert rule not in answer.text, "AWS keeps the reason to itself"
    entry = aws.decisions(f"signin:{action}")[-1]
    assert entry["outcome"] == "refused"
    assert rule in entry["rule"]


def _address(token: str, destination: str = CONSOLE) -> str:
    asked = {"Action": "login", "Destination": destination, "SigninToken": token}
    return f"{SIGN_IN}?{urlencode(asked)}"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("who", ["chained", "federated"])
def test_a_session_signs_in_and_the_console_says_who_it_is(
    aws: World, method: str, who: str, request: pytest.FixtureRequest
) -> None:
    asked = {"Action": "getSigninToken", "Session": _session(request.getfixturevalue(who))}
    browser = _browser(aws)
    where: Any = {"params": asked} if method == "GET" else {"data": asked}
    token = browser.request(method, SIGN_IN, **where).json()["SigninToken"]
    page = browser.get(_address(token))
    assert page.url == CONSOLE
    name = "assumed-role/target/chained" if who == "chained" else "federated-user/someone"
    assert f"arn:aws:sts::{MAIN}:{name} is signed in to {MAIN}, us-east-1" in page.text
    assert aws.decisions("signin:login")[-1]["outcome"] == "allowed"
    log = aws.home.decisions.read_text("utf-8")
    assert token not in log
    assert _browser(aws).get(CONSOLE).status_code == HTTPStatus.UNAUTHORIZED, "no cookie"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"SessionToken": "another"}, "not the one issued with this key"),
        ({"SecretAccessKey": "another"}, "the secret key is another one"),
        ({"AccessKeyId": "ASIANOBODY"}, "no session has this key"),
    ],
)
def test_credentials_that_are_not_whole_are_refused(
    aws: World, chained: Keys, changes: Keys, rule: str
) -> None:
    answer = _ask(aws, _session({**chained, **changes}))
    _refused(aws, answer, rule, "getSigninToken")


def test_a_users_own_key_and_its_own_session_sign_nobody_in(aws: World) -> None:
    account = read_json(aws.home.accounts)[0]
    key = {
        "AccessKeyId": account["access_key_id"],
        "SecretAccessKey": account["secret_access_key"],
    }
    _refused(aws, _ask(aws, _session(key)), "an IAM user's own key", "getSigninToken")
    own = aws.client("sts").get_session_token()["Credentials"]
    _refused(aws, _ask(aws, _session(own)), "a session of GetSessionToken", "getSigninToken")


@pytest.mark.parametrize("who", ["chained", "federated"])
def test_a_longer_session_is_refused_where_aws_refuses_it(
    aws: World, who: str, request: pytest.FixtureRequest
) -> None:
    answer = _ask(aws, _session(request.getfixturevalue(who)), SessionDuration="3600")
    _refused(aws, answer, "SessionDuration is refused", "getSigninToken")


def test_a_session_that_a_user_assumed_may_be_longer_within_bounds(aws: World) -> None:
    sts = aws.client("sts")
    arn = f"arn:aws:iam::{MAIN}:role/target"
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="direct")["Credentials"]
    assert _ask(aws, _session(keys), SessionDuration="43200").ok
    answer = _ask(aws, _session(keys), SessionDuration="43201")
    _refused(aws, answer, "no number from 900 to 43200", "getSigninToken")


def test_what_has_ended_signs_nobody_in(aws: World, chained: Keys) -> None:
    token = _ask(aws, _session(chained)).json()["SigninToken"]
    with aws.switched(clock_offset_seconds=901):
        _refused(aws, _browser(aws).get(_address(token)), "older than 15 minutes", "login")
    browser = _browser(aws)
    assert browser.get(_address(token)).ok
    with aws.switched(clock_offset_seconds=3_601):
        _refused(aws, _ask(aws, _session(chained)), "is expired", "getSigninToken")
        assert browser.get(CONSOLE).status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("page", ["https://example.com/", "http://console.aws.amazon.com/"])
def test_nobody_is_sent_elsewhere(aws: World, chained: Keys, page: str) -> None:
    token = _ask(aws, _session(chained)).json()["SigninToken"]
    answer = _browser(aws).get(_address(token, page), allow_redirects=False)
    _refused(aws, answer, "no page of this partition's console", "login")


def test_another_partitions_sign_in_knows_none_of_it(aws: World, chained: Keys) -> None:
    answer = _ask(aws, _session(chained), url="https://signin.amazonaws.cn/federation")
    _refused(aws, answer, "one of another partition", "getSigninToken")


def test_anything_else_is_refused(aws: World) -> None:
    for parameters in ({}, {"Action": "getSigninToken"}, {"Action": "login"}):
        assert _browser(aws).get(SIGN_IN, params=parameters).status_code == HTTPStatus.BAD_REQUEST
    assert _ask(aws, "[]").status_code == HTTPStatus.BAD_REQUEST
    posted = _browser(aws).post(SIGN_IN, data={"Action": "login"})
    assert posted.status_code == HTTPStatus.BAD_REQUEST
