"""Logging in to Vault as a person, in a browser or without one, and as an application."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
import requests

from tests.lab.browser import at_the_login_page, browser, holder
from tests.lab.operations.home import LOGIN, PersonsHome, moved_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory

CALLBACK = "http://localhost:8250/oidc/callback"


@pytest.fixture(autouse=True)
def _one_at_a_time() -> Iterator[None]:
    with LOGIN:
        yield


@pytest.fixture
def home(deployed: Laboratory, tmp_path: Path) -> PersonsHome:
    return moved_in(deployed, tmp_path)


def test_an_application_logs_in_and_is_told_what_it_may_read(home: PersonsHome) -> None:
    options = ("--method", "aws", "--role", "dev-role-iam", "--profile", "main-app")
    said = home.run("vaultaws", "login", *options).stdout
    token = home.token_file.read_text("utf-8")
    assert home.token_file.stat().st_mode & 0o777 == 0o600
    assert token not in said
    assert "policies  default, dev-root-aws-login-dev\n" in said
    assert "may read  aws/my-role\n" in said
    assert holder(home.laboratory, token).read("auth/token/lookup-self")["data"]["ttl"] > 800


def test_the_stack_says_everything_that_a_login_needs(home: PersonsHome) -> None:
    options = ("--method", "aws", "--profile", "main-app", "--stack", "dev", "--json")
    misleading = {"VAULT_ADDR": "https://elsewhere.lab.test", "VAULT_NAMESPACE": "elsewhere"}
    said = json.loads(home.run("vaultaws", "login", *options, env=misleading).stdout)
    assert said["may_read"] == ["aws/my-role"]
    assert (said["address"], said["path"]) == ("https://vault.lab.test", "aws")
    assert said["overshadowed_by_VAULT_TOKEN"] is False


def test_a_token_of_the_shell_is_said_to_come_first(home: PersonsHome) -> None:
    options = ("--method", "aws", "--profile", "main-app", "--role", "dev-role-iam")
    said = home.run("vaultaws", "login", *options, env={"VAULT_TOKEN": "hvs.another"}).stdout
    assert "VAULT_TOKEN is set in this shell and comes before this token: unset it" in said


def test_a_person_logs_in_in_a_browser(home: PersonsHome) -> None:
    home.token_file.write_text("an older one", "utf-8")
    home.token_file.chmod(0o644)
    answer = home.log_in_as("alice", "--stack", "dev")
    assert answer.returncode == 0, answer.stderr
    assert "may read  aws/deploy\n" in answer.stdout
    assert "as people-alice" in answer.stdout
    assert home.token_file.stat().st_mode & 0o777 == 0o600
    token = home.token_file.read_text("utf-8")
    assert token not in answer.stdout + answer.stderr
    assert holder(home.laboratory, token).read("aws/creds/deploy")["data"]["session_token"]
    assert list(home.folder.glob(".vault-token?*")) == [], "nothing half-written stays"


def test_a_person_who_may_not_log_in_is_told_why_and_keeps_what_was_there(
    home: PersonsHome,
) -> None:
    home.token_file.write_text("an older one", "utf-8")
    answer = home.log_in_as("bob")
    assert answer.returncode == 1
    assert 'claim "groups" does not match any associated bound claim values' in answer.stderr
    assert home.token_file.read_text("utf-8") == "an older one"


def _waiting(home: PersonsHome) -> tuple[subprocess.Popen[str], str]:
    """Start a login by hand; return it and the address that it printed."""
    typed = ("vaultaws", "login", "--no-browser", "--stack", "dev")
    process = home.start(*typed, stdin=subprocess.PIPE)
    assert process.stderr
    lines = iter(process.stderr.readline, "")
    address = next(line.strip() for line in lines if line.strip().startswith("https://"))
    return process, address


def test_a_person_at_another_machine_pastes_where_the_browser_ended(home: PersonsHome) -> None:
    process, address = _waiting(home)
    with process:
        ended_at = at_the_login_page(browser(home.laboratory), address, "alice")
        said, errors = process.communicate(f"https://example.com/?code=x\n{ended_at}\n", 60)
    assert process.returncode == 0, errors
    assert "that is not the address of this login" in errors
    assert "may read  aws/deploy\n" in said
    assert re.search(r"[?&]code=(\w+)", ended_at)[1] not in said + errors  # type: ignore[index] # it has a code


def test_a_stranger_who_finds_the_port_changes_nothing(home: PersonsHome) -> None:
    process, address = _waiting(home)
    with process, requests.Session() as stranger:
        for path in ("/", "?state=st_another&code=x", "?code=x", "?error=access_denied"):
            answer = stranger.get(f"{CALLBACK}{path}", timeout=10)
            assert answer.status_code == HTTPStatus.NOT_FOUND
        # A connection that says nothing keeps nobody out for long.
        with socket.create_connection(("127.0.0.1", 8250)):
            ended_at = at_the_login_page(browser(home.laboratory), address, "alice")
            assert stranger.get(ended_at, timeout=30).status_code == HTTPStatus.OK
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "as people-alice" in said


def test_a_second_login_meanwhile_says_what_to_do(home: PersonsHome) -> None:
    process, _ = _waiting(home)
    with process:
        second = home.log_in_as("alice")
        process.kill()
    assert second.returncode == 1
    assert "another login may be under way: end it, or repeat this one with --no-browser" in (
        second.stderr
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--path", "nowhere"), "check that there is a login at auth/nowhere"),
        (("--method", "aws", "--profile", "nobody"), "profile (nobody) could not be found"),
        (("--method", "aws", "--profile", "main-app", "--role", "none"), "entry for role none"),
        (("--method", "aws", "--profile", "data"), "does not belong to the role"),
        (("--stack", "dev", "--role", "none"), "--path people --role people"),
    ],
)
def test_a_login_that_cannot_be_says_why(
    home: PersonsHome, options: tuple[str, ...], said: str
) -> None:
    extra = ("--role", "dev-role-iam") if "data" in options else ()
    answer = home.run("vaultaws", "login", *options, *extra, check=False)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert "VAULT_TOKEN" not in answer.stderr
    assert not home.token_file.exists()
