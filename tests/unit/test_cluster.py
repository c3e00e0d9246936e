"""What the program's clients repeat where Vault is a cluster, and what they do not."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from http.client import RemoteDisconnected
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError
from urllib3.exceptions import ProxyError as UrllibProxyError

from clients import cluster
from clients.auth_method import AuthMethod
from clients.errors import VaultError, VaultUnreachableError
from clients.vault import Node, Vault
from components.dynamic import connection

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = "https://vault.example.com"
TOKEN = "a-token-that-nobody-may-see"
LEADERLESS = "local node not active but active cluster node not found"
ENDED = requests.ConnectionError("reset by peer")
REFUSED = requests.ConnectionError(
    MaxRetryError(HTTPSConnectionPool("vault"), "/", NewConnectionError(None, "refused"))  # type: ignore[arg-type]
)
BY_PROXY = requests.exceptions.ProxyError(
    MaxRetryError(
        HTTPSConnectionPool("vault"), "/", UrllibProxyError("no", RemoteDisconnected("reset"))
    )
)
TUNNEL = requests.exceptions.ProxyError(
    MaxRetryError(
        HTTPSConnectionPool("vault"), "/", UrllibProxyError("no", OSError("Tunnel failed: 403"))
    )
)


@dataclass
class Nodes:
    """Answers in turn, the last one for ever."""

    answers: list[requests.Response | Exception] = field(default_factory=list)
    asked: list[requests.PreparedRequest] = field(default_factory=list)
    now: float = 0.0

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        self.asked.append(request)
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, Exception):
            raise said
        said.request, said.url = request, str(request.url)
        return said

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def paths(self) -> list[str]:
        return [str(request.path_url) for request in self.asked]


def _said(status: int, body: object, **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = (body if isinstance(body, str) else json.dumps(body)).encode()
    response.headers.update({"Content-Type": "application/json", **headers})
    return response


def _error(status: int, reason: str) -> requests.Response:
    return _said(status, {"errors": [reason]})


def _found(**headers: str) -> requests.Response:
    return _said(200, {"data": {"keys": ["one"]}}, **headers)


def _index(local: int, replicated: int = 0) -> str:
    return base64.b64encode(f"v1:id:{local}:{replicated}:00".encode()).decode()


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Nodes:
    made = Nodes()
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    monkeypatch.setattr(
        HTTPAdapter, "send", lambda _self, *given, **more: made.send(*given, **more)
    )
    monkeypatch.setattr(
        cluster, "time", SimpleNamespace(monotonic=lambda: made.now, sleep=made.sleep)
    )
    return made


NOBODY_BEGAN = [
    _error(412, "required index state not present"),
    _error(500, LEADERLESS),
    _error(503, "no active Vault instance found"),
    _error(503, "node is not active"),
    _error(503, "overloaded, try again later"),
]


LOGGED_IN = {"client_token": "t", "token_policies": [], "lease_duration": 60}


def _log_in(vault: Vault) -> str:
    return AuthMethod(vault, "aws").log_in("role", {})


def _read_credentials(vault: Vault) -> object:
    return vault.fetched_once("aws/creds/one")


@pytest.mark.parametrize("answer", NOBODY_BEGAN, ids=lambda answer: answer.text)
@pytest.mark.parametrize(
    "ask",
    [
        lambda vault: vault.listed("aws/roles"),
        lambda vault: vault.write("aws/config/root", {"a": "b"}),
        lambda vault: vault.delete("aws/roles/one"),
        lambda vault: vault.revoke_prefix("aws/creds/one"),
        _log_in,
        _read_credentials,
    ],
    ids=["list", "write", "delete", "revoke", "log in", "read credentials"],
)
def test_what_no_node_began_with_is_repeated_whatever_it_is(
    nodes: Nodes, answer: requests.Response, ask: Callable[[Vault], object]
) -> None:
    nodes.answers = [
        answer,
        answer,
        _said(200, {"auth": LOGGED_IN, "data": {"keys": []}}),
    ]
    with Vault(ADDRESS) as vault:
        ask(vault)
    assert len(nodes.asked) == 3


OUTCOME_UNKNOWN = [
    _said(502, "<html>Bad Gateway</html>"),
    _said(504, "<html>Gateway Time-out</html>"),
    _error(500, "1 error occurred: context canceled"),
    ENDED,
    BY_PROXY,
]


@pytest.mark.parametrize("outcome", OUTCOME_UNKNOWN, ids=str)
def test_what_may_be_done_twice_is_repeated_when_nobody_knows_of_the_first_time(
    nodes: Nodes, outcome: requests.Response | Exception
) -> None:
    nodes.answers = [_found(), outcome, _found(), outcome, _found()]
    with Vault(ADDRESS) as vault:
        vault.listed("aws/roles")
        assert vault.listed("aws/roles") == ["one"]
        vault.write("aws/config/root", {"a": "b"})
    assert len(nodes.asked) == 5


@pytest.mark.parametrize("outcome", OUTCOME_UNKNOWN, ids=str)
@pytest.mark.parametrize("ask", [_log_in, _read_credentials], ids=["log in", "read credentials"])
def test_what_makes_something_for_who_asks_is_not_repeated_then(
    nodes: Nodes, ask: Callable[[Vault], object], outcome: requests.Response | Exception
) -> None:
    nodes.answers = [_found(), outcome]
    with Vault(ADDRESS) as vault:
        vault.listed("aws/roles")
        with pytest.raises(VaultError):
            ask(vault)
    assert len(nodes.asked) == 2


def test_a_connection_that_was_never_made_is_tried_again_even_for_a_login(nodes: Nodes) -> None:
    nodes.answers = [_found(), REFUSED, _said(200, {"auth": LOGGED_IN})]
    with Vault(ADDRESS) as vault:
        vault.listed("aws/roles")
        assert _log_in(vault) == "t"


@pytest.mark.parametrize("error", [ENDED, REFUSED], ids=["reset", "refused"])
def test_a_vault_that_never_answered_is_not_waited_for(nodes: Nodes, error: Exception) -> None:
    nodes.answers = [error]
    with Vault(ADDRESS) as vault, pytest.raises(VaultUnreachableError):
        vault.listed("aws/roles")
    assert (len(nodes.asked), nodes.now) == (1, 0)


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.SSLError("certificate"),
        TUNNEL,
        requests.exceptions.ReadTimeout("slow"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_waiting_mends_is_said_at_once(nodes: Nodes, error: Exception) -> None:
    nodes.answers = [_found(), error]
    with Vault(ADDRESS) as vault:
        vault.listed("aws/roles")
        with pytest.raises(VaultUnreachableError):
            vault.listed("aws/roles")
    assert len(nodes.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        _error(503, "Vault is sealed"),
        _error(400, "invalid request"),
        _error(403, "permission denied"),
        _error(500, "AccessDenied: AWS said no"),
    ],
    ids=lambda answer: answer.text,
)
def test_an_answer_is_an_answer(nodes: Nodes, answer: requests.Response) -> None:
    nodes.answers = [answer]
    with Vault(ADDRESS) as vault, pytest.raises(VaultError):
        vault.listed("aws/roles")
    assert len(nodes.asked) == 1


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (NOBODY_BEGAN[0], "has lagged behind its cluster for 30 s: let the address lead to the"),
        (NOBODY_BEGAN[1], "nobody has led the cluster for 30 s: see `vault operator raft list-"),
    ],
    ids=["lags", "no leader"],
)
def test_patience_has_an_end_which_says_what_to_do(
    nodes: Nodes, answer: requests.Response, advice: str
) -> None:
    nodes.answers = [answer]
    with Vault(ADDRESS) as vault, pytest.raises(VaultError, match=advice) as refused:
        vault.write("aws/config/root", {"secret": "not-to-be-told"})
    at_least = cluster.PATIENCE_SECONDS - cluster.LONGEST_PAUSE_SECONDS
    assert at_least <= nodes.now <= cluster.PATIENCE_SECONDS
    assert TOKEN not in str(refused.value)
    assert "not-to-be-told" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ([_index(3)], _index(3)),
        ([_index(3), _index(4)], _index(4)),
        ([_index(4), _index(3)], _index(4)),
        ([_index(4, 1), _index(3, 2)], _index(3, 2)),
        ([_index(4), "of another kind"], "of another kind"),
    ],
)
def test_a_read_asks_for_what_was_written(nodes: Nodes, given: list[str], wanted: str) -> None:
    nodes.answers = [*(_said(204, "", **{cluster.INDEX: index}) for index in given), _found()]
    with Vault(ADDRESS) as vault:
        for _ in given:
            vault.write("aws/config/root", {})
        vault.listed("aws/roles")
    assert cluster.INDEX not in nodes.asked[0].headers
    assert nodes.asked[-1].headers[cluster.INDEX] == wanted


def _redirect(location: str) -> requests.Response:
    response = _said(307, "", Location=location)
    response.raw = SimpleNamespace(release_conn=lambda: None, close=lambda: None)
    return response


def test_a_standby_that_sends_to_the_leader_is_followed_with_all_that_was_sent(
    nodes: Nodes,
) -> None:
    nodes.answers = [_redirect("https://vault-2.example.com:8200/v1/aws/config/root"), _found()]
    with Vault(ADDRESS, "team-a") as vault:
        vault.write("aws/config/root", {"a": "b"})
    first, second = nodes.asked
    assert second.url == "https://vault-2.example.com:8200/v1/aws/config/root"
    assert (second.method, second.body) == (first.method, first.body)
    assert second.headers["X-Vault-Namespace"] == "team-a"


def test_no_token_is_sent_to_an_address_without_tls(nodes: Nodes) -> None:
    nodes.answers = [_redirect("http://10.0.0.2:8200/v1/aws/roles"), _found()]
    with Vault(ADDRESS) as vault, pytest.raises(VaultError, match=r"api_addr .* https") as refused:
        vault.listed("aws/roles")
    assert len(nodes.asked) == 1
    assert TOKEN not in str(refused.value)


def test_a_leader_whose_certificate_is_not_trusted_is_named(nodes: Nodes) -> None:
    asked = requests.Request("GET", "https://vault-2.example.com:8200/v1/x").prepare()
    nodes.answers = [requests.exceptions.SSLError("certificate", request=asked)]
    with (
        Vault(ADDRESS) as vault,
        pytest.raises(
            VaultError, match=f"^https://vault-2.example.com:8200, to which Vault at {ADDRESS}"
        ),
    ):
        vault.listed("aws/roles")


HEALTH: dict[str, Any] = {"initialized": True, "sealed": False, "standby": False}


@pytest.mark.parametrize(
    ("health", "node"),
    [
        (_said(200, HEALTH), Node()),
        (
            _said(200, {**HEALTH, "standby": True, "performance_standby": True}),
            Node(performance_standby=True),
        ),
        (
            _said(
                200,
                {
                    **HEALTH,
                    "replication_performance_mode": "secondary",
                    "replication_dr_mode": "disabled",
                },
            ),
            Node(replication="secondary", disaster_recovery="disabled"),
        ),
        (_error(403, "blocked"), Node()),
    ],
    ids=["plain", "performance standby", "performance secondary", "hidden"],
)
def test_a_node_is_known_by_its_health(nodes: Nodes, health: requests.Response, node: Node) -> None:
    nodes.answers = [health]
    with Vault(ADDRESS, "team-a") as vault:
        assert vault.node() == node
    (asked,) = nodes.asked
    assert str(asked.path_url).startswith("/v1/sys/health?standbyok=true&perfstandbyok=true")
    assert not {"X-Vault-Token", "X-Vault-Namespace"} & set(asked.headers)


@pytest.mark.parametrize(
    ("node", "trouble"),
    [
        (Node(replication="secondary"), "is a performance secondary"),
        (Node(disaster_recovery="secondary"), "is a secondary of disaster recovery replication"),
    ],
    ids=["performance", "disaster recovery"],
)
def test_a_secondary_is_refused(node: Node, trouble: str) -> None:
    refusal = connection._unfit(ADDRESS, node)
    assert trouble in refusal
    assert "lead to the primary" in refusal


def test_a_performance_standby_is_used_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert connection._unfit(ADDRESS, Node(performance_standby=True, replication="primary")) == ""
    assert "let the address lead to the active node alone" in caplog.text
