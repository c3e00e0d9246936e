"""One comment a pull request, one issue a watch: at a GitHub that keeps what it is sent."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
import requests

from clients.github import GitHubError, Repository, from_environment
from operations.doctor.rows import broken, ok, unknown, warn
from operations.review import watch
from operations.review.comment import MARKER
from operations.review.upkeep import LABEL, Act, keep_comment, keep_issue
from operations.review.watch import Finding
from tests.hub import Hub

TOKEN = "ghs_" + "false" * 8
HERE = Repository(name="owner/name", token=TOKEN, api="https://github.test")


def _asked(hub: Hub, method: str, url: str, **asked: Any) -> requests.Response:  # noqa: ANN401 - handed on
    """Answer what the client asks for, and hold it to what GitHub wants of every request."""
    assert asked["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert asked["timeout"]
    path = url.removeprefix("https://github.test/repos/owner/name/")
    found = hub.answer(method, path, asked.get("json") or {})
    answer = requests.Response()
    answer.status_code = 404 if found is None else 200
    answer._content = json.dumps({"message": "Not Found"} if found is None else found).encode()
    return answer


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub()
    monkeypatch.setattr(requests, "request", functools.partial(_asked, made))
    return made


def test_a_pull_request_has_one_comment_however_often_it_is_written(hub: Hub) -> None:
    texts = [f"{MARKER}\nfirst\n", f"{MARKER}\nfirst\n", f"{MARKER}\nsecond\n"]
    acts = [keep_comment(HERE, 7, text) for text in texts]
    assert acts == [Act.OPEN, Act.LEAVE, Act.CHANGE]
    assert [each["body"] for each in hub.comments] == [texts[2]]
    assert hub.writes == ["POST issues/7/comments", "PATCH issues/comments/1000"]


def test_our_comment_is_found_behind_many_and_a_strangers_is_left_alone(hub: Hub) -> None:
    stranger: dict[str, Any] = {
        "id": 1,
        "user": {"login": "mallory"},
        "body": f"{MARKER}\nall is well",
    }
    gone: dict[str, Any] = {"id": 2, "user": None, "body": None}
    hub.comments += [stranger, gone, *({**stranger, "id": number} for number in range(3, 250))]
    keep_comment(HERE, 7, f"{MARKER}\nfirst")
    keep_comment(HERE, 7, f"{MARKER}\nsecond")
    assert len(hub.comments) == 250
    assert hub.comments[0]["body"].endswith("all is well")
    assert hub.comments[-1]["body"].endswith("second")


def _finding(*lines: str, stack: str = "dev") -> Finding:
    return Finding(watch="users", stack=stack, title="left", lines=lines, advice="Sweep.")


def test_an_issue_is_opened_changed_closed_and_opened_anew(hub: Hub) -> None:
    findings = [
        _finding(),
        _finding("- a"),
        _finding("- a"),
        _finding("- a", "- b"),
        _finding("- c", stack="other"),
        _finding(),
        _finding(),
        _finding("- d"),
    ]
    acts = [keep_issue(HERE, each)[0] for each in findings]
    assert acts == [
        Act.LEAVE,
        Act.OPEN,
        Act.LEAVE,
        Act.CHANGE,
        Act.OPEN,
        Act.CLOSE,
        Act.LEAVE,
        Act.OPEN,
    ]
    states = [(each["state"], each["labels"]) for each in hub.issues]
    assert states == [("closed", [LABEL]), ("open", [LABEL]), ("open", [LABEL])]
    assert "- b" in hub.issues[0]["body"]
    assert [each["body"] for each in hub.comments] == ["Looked again: nothing is wrong any more."]


def test_what_github_refuses_is_told_without_the_token(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "answer", lambda *_: None)
    with pytest.raises(GitHubError, match=r"404 Not Found.*pull-requests: write") as refused:
        keep_comment(HERE, 7, MARKER)
    assert TOKEN not in str(refused.value) + repr(HERE)


def test_a_github_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise requests.ConnectionError("refused")

    monkeypatch.setattr(requests, "request", refuse)
    with pytest.raises(GitHubError, match="does not answer"):
        keep_comment(HERE, 7, MARKER)


def test_what_a_workflow_must_give_is_told_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN", "GITHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(GitHubError, match="GITHUB_REPOSITORY, GITHUB_TOKEN"):
        from_environment()
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert from_environment() == Repository(name="owner/name", token=TOKEN)


URN = "urn:pulumi:dev::project::aws:iam/role:Role::deploy-role"


def test_drift_is_what_a_refresh_would_write_down_and_nothing_else() -> None:
    old = {"inputs": {"name": "x"}, "outputs": {"trust": "narrow", "clientSecret": "one"}}
    new = {"inputs": {"name": "x"}, "outputs": {"trust": "wide", "clientSecret": "two"}}
    same = {"op": "refresh", "urn": f"{URN}-same", "oldState": old, "newState": old}
    changed = {"op": "update", "urn": URN, "oldState": old, "newState": new}
    gone = {"op": "delete", "urn": f"{URN}-gone", "oldState": old}
    found = watch.drifted("dev", {"steps": [same, changed, gone]})
    assert list(found.lines) == [
        "    - aws:iam/role:Role deploy-role-gone",
        "    ~ aws:iam/role:Role deploy-role",
        "        clientSecret: [secret], another one",
        "    -   trust: narrow",
        "    +   trust: wide",
    ]
    assert not watch.drifted("dev", {"steps": [same]}).wrong
    assert not watch.drifted("dev", {}).wrong


def test_of_a_doctors_rows_those_about_what_expires_are_watched() -> None:
    rows = [
        warn("issuer's host, certificate chain", "4 days are left", "Renew it"),
        broken("issuer of root, signing key", "it is gone", "Update"),
        unknown("login people, discovery document", "no answer", "Mend it"),
        ok("issuer's host, thumbprint", "as AWS knows it"),
        broken("account main, rights to deploy", "a role that only reads has none", "Give them"),
        warn("issuer's host, interception", "a proxy", "Look"),
    ]
    found = watch.expiring("dev", rows)
    assert [line.split("`")[1] for line in found.lines] == [
        "issuer's host, certificate chain",
        "issuer of root, signing key",
        "login people, discovery document",
    ]
    assert not watch.expiring("dev", rows[3:]).wrong


def test_of_a_sweep_those_are_told_whom_no_lease_will_end() -> None:
    user = {"user": "vault-a", "account": "1", "created": "2026-01-01", "why": "no *live* lease"}
    users = [{**user, "verdict": verdict} for verdict in ("live", "young", "left", "unknown")]
    found = watch.orphaned("dev", {"users": users})
    assert len(found.lines) == 2
    assert "no \\*live\\* lease" in found.lines[0]
    assert not watch.orphaned("dev", {"users": users[:2]}).wrong


def test_an_issue_holds_no_secret_and_is_no_longer_than_github_takes() -> None:
    found = _finding(*(f"- AKIAIOSFODNN7EXAMPLE {'x' * 1000}" for _ in range(400)))
    assert "AKIA" not in found.text()
    assert len(found.text()) < 65_536
    assert found.text().startswith("<!-- vaultaws watch users dev -->")
    assert "closes by itself" in found.text()
