"""How the threads of one process share connections and answers."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests
from botocore.loaders import JSONFileLoader

from clients import aws
from clients import vault as client
from components.dynamic import reach
from components.dynamic.federation import _FederationProvider
from components.dynamic.oidc_client import _OidcClientProvider
from tests.unit.clouds import (
    ACCOUNT,
    ADDRESS,
    ENGINE,
    HELD,
    ISSUER,
    KEY,
    SESSION,
    World,
    engine,
    federation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10
"""How long a thread waits for another before the test fails."""


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reach, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    reach.forget()
    yield
    reach.forget()


@pytest.mark.parametrize("failure", [None, ValueError("no answer")])
def test_those_who_ask_together_share_one_look_and_its_outcome(
    monkeypatch: pytest.MonkeyPatch, failure: ValueError | None
) -> None:
    waiting = threading.Semaphore(0)
    looks = []
    result = reach._Outcome.result

    def waited_for(outcome: reach._Outcome) -> object:
        waiting.release()
        return result(outcome, SECONDS)

    def look() -> str:
        looks.append(threading.current_thread())
        for _ in range(2):
            assert waiting.acquire(timeout=SECONDS)
        if failure:
            raise failure
        return "found"

    monkeypatch.setattr(reach._Outcome, "result", waited_for)
    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(reach.lately, "key", look) for _ in range(3)]
    assert len(looks) == 1
    if failure:
        assert [each.exception() for each in asking] == [failure] * 3
    else:
        assert [each.result() for each in asking] == ["found"] * 3


def test_nobody_waits_for_who_looks_for_something_else() -> None:
    looking, others = threading.Event(), threading.Event()

    def look() -> bool:
        looking.set()
        return others.wait(SECONDS)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(reach.lately, "slow", look)
        assert looking.wait(SECONDS)
        assert reach.lately("quick", lambda: "found") == "found"
        others.set()
        assert slow.result()


def test_a_failure_is_no_answer_for_who_asks_later() -> None:
    def fail() -> str:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        reach.lately("key", fail)
    assert reach.lately("key", lambda: "found") == "found"


def test_an_answer_serves_for_seconds_after_it_was_found(clock: Clock) -> None:
    def look() -> str:
        clock.now += 60
        return "old"

    assert reach.lately("key", look) == "old"
    clock.now += reach.LATELY_SECONDS - 1
    assert reach.lately("key", lambda: "new") == "old"
    clock.now += 1
    assert reach.lately("key", lambda: "new") == "new"


def test_a_sign_in_is_renewed_and_a_connection_is_kept(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    world = World().put_in_place(monkeypatch)
    monkeypatch.setattr(aws, "Account", lambda access: [access])
    vault, first = {"address": ADDRESS, "namespace": ""}, reach.account(ACCOUNT)
    reach.vault(vault)
    clock.now += reach.SIGN_IN_SECONDS - 1
    assert reach.account(ACCOUNT) is first
    clock.now += 1
    assert reach.account(ACCOUNT) is not first
    reach.vault(vault)
    assert world.connected == 1


class Wire:
    """What a Vault of two engines, two auth methods and a login answers over HTTP."""

    def __init__(self) -> None:
        self.sessions: set[requests.Session] = set()
        """Each is a connection; those that fetch what Vault serves to everybody aside."""
        self.seconds: dict[str, object] = {}
        """How long it was waited for the answer, by path."""

    def answer(self, session: requests.Session, url: str, timeout: object) -> requests.Response:
        path = url.removeprefix(f"{ADDRESS}/v1/")
        self.sessions.add(session)
        self.seconds[path] = timeout
        status, said = self._said(path)
        response = requests.Response()
        response.status_code, response._content = status, json.dumps(said).encode()
        response.headers["Content-Type"] = "application/json"
        return response

    def _said(self, path: str) -> tuple[int, object]:
        held = HELD if "auth/" in path else ENGINE
        match path.rpartition("/")[2]:
            case "session-check":
                return _refused(SESSION, "iam:GetUser")
            case "federation-check":
                role = HELD["role_arn"].rpartition("/")[2]
                acting = f"arn:aws:sts::123456789012:assumed-role/{role}/vault-aws-auth-1"
                return _refused(acting, "iam:GetRole")
        if path.startswith("sys/mounts/"):
            config = {"identity_token_key": KEY}
            return 200, {"data": {"accessor": held["accessor"], "config": config}}
        config = {
            "identity_token_audience": held["audience"],
            "identity_token_ttl": held["token_ttl_seconds"],
        }
        return 200, {"data": held | config}


def _refused(principal: str, action: str) -> tuple[int, object]:
    return 400, {"errors": [f"User: {principal} is not authorized to perform: {action}"]}


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()

    def request(
        session: requests.Session, *, url: str, timeout: object, **_: object
    ) -> requests.Response:
        return wire.answer(session, url, timeout)

    public = {"version": "1.21.0+ent", "issuer": ISSUER, "keys": [{}]}
    monkeypatch.setattr(requests.Session, "request", request)
    monkeypatch.setattr(client, "public_document", lambda _url, **_: public)
    return wire


def test_a_whole_command_opens_one_connection(wire: Wire) -> None:
    mounts = _FederationProvider()
    for path in ("aws", "team/aws"):
        for declared in (engine(path=path), federation(path=path)):
            outputs = mounts.create(declared).outs or {}
            mounts.update("any", outputs, declared)
    login = {"path": "people", "discovery_url": "", "client_id": "", "default_role": ""}
    where = {"address": ADDRESS, "namespace": ""}
    _OidcClientProvider().create(where | login | {"client_secret": "false-client-secret"})
    assert {
        *("aws/static-roles/session-check", "team/aws/static-roles/session-check"),
        *("auth/aws/role/federation-check", "auth/team/aws/role/federation-check"),
        "auth/people/config",
    } <= wire.seconds.keys()
    assert len(wire.sessions) == 1


def test_an_auth_method_that_asks_aws_is_given_longer_than_vault_itself(wire: Wire) -> None:
    _FederationProvider().create(federation())
    assert wire.seconds["auth/aws/role/federation-check"] == (10, 30)
    assert wire.seconds["auth/aws/config/client"] == 10


def test_the_sign_in_at_a_second_account_reads_no_description_of_aws_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    load = JSONFileLoader.load_file

    def noted(self: JSONFileLoader, path: str) -> object:
        found: object = load(self, path)
        read.extend([path] if found else [])
        return found

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)
    aws._loader.cache_clear()
    key = {"aws_access_key_id": "-", "aws_secret_access_key": "-", "region_name": "us-east-1"}
    for _ in range(2):
        for service in ("iam", "sts"):
            aws.new_session(**key).client(service)
    assert any("iam" in path for path in read)
    assert len(read) == len(set(read))
