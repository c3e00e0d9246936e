"""Credentials for a shell, for a command, for AWS's own clients and for the console."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import hvac.exceptions
import pytest

from lab import switches
from lab.switches import Switches
from tests.awaiting import eventually
from tests.lab.browser import browser as web
from tests.lab.browser import holder
from tests.lab.operations.home import PersonsHome, browser, command_lines, moved_in
from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.conftest import Laboratory

CLIENTS = 20
HOUR = 3_600
WHO = "arn:aws:sts::123456789012:assumed-role/vault-target-dev-deploy/vault-people-alice-deploy-"


@pytest.fixture(scope="module")
def application(deployed: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> PersonsHome:
    """A machine on which an application has logged in, which may read ``aws/my-role``."""
    home = moved_in(deployed, tmp_path_factory.mktemp("application"))
    home.log_in_as_application()
    return home


@pytest.fixture(scope="module")
def alice(deployed: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> PersonsHome:
    """A machine on which alice has logged in, who may read ``aws/deploy``."""
    home = moved_in(deployed, tmp_path_factory.mktemp("alice"))
    assert home.log_in_as("alice").returncode == 0
    return home


@pytest.fixture
def switched(deployed: Laboratory) -> Iterator[Laboratory]:
    """The laboratory, whose switches are put back."""
    yield deployed
    switches.store(deployed.home, Switches())
    held = deployed.vault().read("aws/config/root")["data"]
    # Written, Vault forgets its session, which may be one of another time.
    template = {"username_template": held["username_template"]}
    deployed.vault().write_data("aws/config/root", data=template)


def _users(laboratory: Laboratory) -> list[str]:
    listed = administrator(laboratory).list_users(PathPrefix="/vault/")["Users"]
    return [user["UserName"] for user in listed]


def _leases(laboratory: Laboratory, role: str) -> list[str]:
    found = laboratory.vault().list(f"sys/leases/lookup/aws/creds/{role}")
    return list(found["data"]["keys"]) if found else []


def _exec(*command: str) -> tuple[str, ...]:
    return ("vaultaws", "credentials", "aws/my-role", "--exec", "--", *command)


def test_a_command_has_them_while_it_runs_and_no_longer(application: PersonsHome) -> None:
    shown = 'aws sts get-caller-identity --query Arn --output text; env | grep "^AWS_P"; exit 7'
    answer = application.run(*_exec("bash", "-c", shown), env={"AWS_PROFILE": "data"}, check=False)
    assert answer.returncode == 7, answer.stderr
    assert re.fullmatch(
        r"arn:aws:iam::123456789012:user/vault/dev-root-aws/vault-\S*-my-role-\S+\n", answer.stdout
    ), "no other identity of the shell is left to it"
    assert _users(application.laboratory) == []
    assert _leases(application.laboratory, "my-role") == []


@pytest.mark.parametrize(
    ("told", "code"), [(signal.SIGTERM, 128 + 15), (signal.SIGHUP, 128 + 1)], ids=["TERM", "HUP"]
)
def test_a_command_is_told_to_end_and_the_lease_ends_after_it(
    application: PersonsHome, told: signal.Signals, code: int
) -> None:
    with application.start(*_exec("sh", "-c", "echo started; exec sleep 60")) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        assert len(_users(application.laboratory)) == 1
        process.send_signal(told)
        process.communicate(timeout=60)
    assert process.returncode == code
    assert _users(application.laboratory) == []


def test_an_interrupt_is_the_commands_business(application: PersonsHome) -> None:
    shown = 'trap "echo interrupted; exit 3" INT; echo started; while sleep 0.1; do :; done'
    with application.start(*_exec("bash", "-c", shown)) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (3, "interrupted\n")
    assert _users(application.laboratory) == []


def test_a_command_that_is_none_costs_no_user(application: PersonsHome) -> None:
    answer = application.run(*_exec("no-such-command"), check=False)
    assert answer.returncode == 1
    assert "there is no command 'no-such-command'" in answer.stderr
    assert _users(application.laboratory) == []


def test_a_new_key_is_awaited_until_sts_knows_it(
    application: PersonsHome, switched: Laboratory
) -> None:
    switches.store(switched.home, Switches(key_delay_seconds=6))
    begun = len(switched.decisions())
    application.run(*_exec("aws", "sts", "get-caller-identity"))
    asked = [
        entry["error"]
        for entry in switched.decisions()[begun:]
        if entry["action"] == "sts:GetCallerIdentity"
    ]
    assert asked[0] == "InvalidClientTokenId"
    assert asked[-2:] == [None, None], "once for the wait, once for the command"


def test_who_may_read_a_role_ends_its_leases_and_no_others(alice: PersonsHome) -> None:
    vault = alice.laboratory.vault()
    other = vault.read("aws/creds/my-role")["lease_id"]
    person = holder(alice.laboratory, alice.token_file.read_text("utf-8"))
    for path, body in (
        (f"sys/leases/revoke/{other}", {}),
        ("sys/leases/revoke/aws/creds/deploy/x", {"lease_id": other}),
        ("sys/leases/revoke", {"lease_id": other}),
    ):
        with pytest.raises(hvac.exceptions.Forbidden):
            person.write_data(path, data=body)
    own = person.read("aws/creds/deploy")["lease_id"]
    person.write_data(f"sys/leases/revoke/{own}", data={"sync": True})
    assert own.rpartition("/")[2] not in _leases(alice.laboratory, "deploy")
    vault.sys.revoke_lease(other)


def test_a_shell_takes_them_over(alice: PersonsHome) -> None:
    typed = 'eval "$(vaultaws credentials aws/deploy)"; aws sts get-caller-identity --query Arn'
    said = alice.run("bash", "-euc", typed, env={"AWS_PROFILE": "data"}).stdout
    assert json.loads(said).startswith(WHO)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "process"), "stdout is a terminal"),
        ((), "no credentials were read"),
        (("--show",), "export AWS_SECRET_ACCESS_KEY="),
    ],
)
def test_a_terminal_shows_no_secret_unless_asked(
    alice: PersonsHome, options: tuple[str, ...], said: str
) -> None:
    ours, theirs = pty.openpty()
    before = len(_leases(alice.laboratory, "deploy"))
    with subprocess.Popen(
        ("vaultaws", "credentials", "aws/deploy", *options),
        env=alice.environment(),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ):
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65_536):
                shown += part
        except OSError:
            pass  # the other side is closed
        os.close(ours)
    text = shown.decode()
    assert said in text
    assert ("AWS_SECRET_ACCESS_KEY" in text) is bool("--show" in options)
    assert (len(_leases(alice.laboratory, "deploy")) > before) is bool("--show" in options)


class Watcher:
    """Looks again and again how every process was started, until it is stopped."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            self.seen.update(command_lines())


BOTO3 = """\
import boto3
session = boto3.Session(profile_name="aws/deploy")
print(session.client("sts").get_caller_identity()["Arn"])
"""
AWS_CLI = ("--profile", "aws/deploy", "sts", "get-caller-identity", "--query", "Arn")


def _all_at_once(home: PersonsHome, **env: str) -> tuple[set[str], str]:
    """Start 20 clients; return who they are and everything that was printed or could be seen."""
    with Watcher() as watcher:
        clients = [
            home.start("aws", *AWS_CLI, "--output", "text", env=env)
            if number % 2
            else home.start(sys.executable, "-c", BOTO3, env=env)
            for number in range(CLIENTS)
        ]
        said = [client.communicate(timeout=240) for client in clients]
    assert [client.returncode for client in clients] == [0] * CLIENTS, said
    assert "".join(errors for _, errors in said) == ""
    return {printed.strip() for printed, _ in said}, "\n".join(sorted(watcher.seen))


def _secrets(home: PersonsHome) -> list[str]:
    kept = [json.loads(file.read_text("utf-8")) for file in home.cache.glob("*.json")]
    assert kept
    return [home.token_file.read_text("utf-8")] + [
        each[name] for each in kept for name in ("secret_access_key", "session_token") if each[name]
    ]


def test_real_clients_with_a_profile_refresh_once_however_many_there_are(
    alice: PersonsHome, switched: Laboratory, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alice.run("vaultaws", "credentials", "install", "--stack", "dev")
    begun = len(switched.decisions())
    before, seen = _all_at_once(alice)
    (first,) = before
    assert first.startswith(WHO)
    secrets = _secrets(alice)

    # An hour and more passes, for AWS, for Vault's tokens, and on this machine for who asks for
    # the time as the program does. (Signatures go by the machine's own clock.)
    moved = tmp_path_factory.mktemp("clock")
    late = f"import time; now = time.time; time.time = lambda: now() + {HOUR + 60}\n"
    (moved / "sitecustomize.py").write_text(late, "utf-8")
    passed = Switches(clock_offset_seconds=HOUR + 60, vault_clock_offset_seconds=HOUR + 60)
    switches.store(switched.home, passed)
    after, seen_then = _all_at_once(alice, PYTHONPATH=str(moved))
    (second,) = after
    assert second.startswith(WHO)
    assert second != first, "another session"

    assumed = [entry["outcome"] for entry in switched.decisions()[begun:] if _is_issue(entry)]
    assert assumed == ["allowed", "allowed"], "one session at first, one when it had ended"
    secrets += _secrets(alice)
    logs = "".join(file.read_text("utf-8", "replace") for file in switched.home.logs.iterdir())
    decided = switched.home.decisions.read_text("utf-8")
    for place in (seen, seen_then, logs, decided, alice.config.read_text("utf-8")):
        assert [secret for secret in secrets if secret in place] == []


def _is_issue(entry: dict[str, Any]) -> bool:
    return entry["action"] == "sts:AssumeRole" and "/vault-secret-" in entry["principal"]


@pytest.fixture
def no_lease_left(deployed: Laboratory) -> Iterator[None]:
    """Ends what a test has read of ``aws/my-role``."""
    yield
    for lease in _leases(deployed, "my-role"):
        deployed.vault().sys.revoke_lease(f"aws/creds/my-role/{lease}")


def test_a_users_key_stays_the_same_while_its_lease_can_be_renewed(
    application: PersonsHome, no_lease_left: None
) -> None:
    typed = ("vaultaws", "credentials", "aws/my-role", "--format", "process")
    first = json.loads(application.run(*typed).stdout)
    assert set(first) == {"Version", "AccessKeyId", "SecretAccessKey", "Expiration"}
    (file,) = application.cache.glob("*.json")
    kept = json.loads(file.read_text("utf-8"))
    at_its_end = {**kept, "expires_at": time.time() + 5}
    file.write_text(json.dumps(at_its_end), "utf-8")
    second = json.loads(application.run(*typed).stdout)
    assert second["AccessKeyId"] == first["AccessKeyId"]
    assert json.loads(file.read_text("utf-8"))["expires_at"] > at_its_end["expires_at"] + 60
    fresh = json.loads(application.run(*typed, "--fresh").stdout)
    assert fresh["AccessKeyId"] != first["AccessKeyId"]


def test_profiles_are_installed_once_and_nobody_elses_is_touched(alice: PersonsHome) -> None:
    typed = ("vaultaws", "credentials", "install", "--stack", "dev", "--json")
    alice.run(*typed)
    before = alice.config.read_text("utf-8")
    again = json.loads(alice.run(*typed).stdout)["profiles"]
    assert again["as it was"] == ["aws/deploy"]
    assert alice.config.read_text("utf-8") == before
    original = alice.laboratory.environment["AWS_CONFIG_FILE"]
    with open(original, encoding="utf-8") as stream:  # noqa: PTH123 - a name of the environment
        assert before.startswith(stream.read())

    alice.config.write_text("[profile aws/deploy]\nregion = x\n", "utf-8")
    refused = alice.run(*typed, check=False)
    assert refused.returncode == 1
    assert "left alone" in refused.stdout
    assert alice.config.read_text("utf-8") == "[profile aws/deploy]\nregion = x\n"
    prefixed = json.loads(alice.run(*typed, "--prefix", "lab-").stdout)["profiles"]
    assert prefixed["added"] == ["lab-aws/deploy"]
    alice.config.write_text(before, "utf-8")


def test_who_may_read_nothing_gets_no_profile_and_is_told_why(alice: PersonsHome) -> None:
    nobody = alice.laboratory.vault().auth.token.create(policies=["default"], ttl="5m")
    token = nobody["auth"]["client_token"]
    typed = ("vaultaws", "credentials", "install")
    answer = alice.run(*typed, env={"VAULT_TOKEN": token}, check=False)
    assert answer.returncode == 1
    assert "may read no AWS credentials" in answer.stderr


def test_a_token_that_has_ended_says_to_log_in_and_asks_nothing(alice: PersonsHome) -> None:
    ended = {"VAULT_TOKEN": "hvs.ended"}
    answer = alice.run("aws", *AWS_CLI, env=ended, check=False)
    assert answer.returncode != 0
    assert "the token has ended or may not do this; log in by `vaultaws login`" in answer.stderr
    assert "hvs.ended" not in answer.stderr


def test_the_console_opens_for_a_session_and_no_process_shows_the_way_in(
    alice: PersonsHome,
) -> None:
    with Watcher() as watcher:
        opened = alice.run(
            *("vaultaws", "credentials", "console", "aws/deploy"), env={"BROWSER": browser("alice")}
        )
    assert re.search(rf"{WHO}\S+ is signed in to 123456789012, us-east-1", opened.stdout)
    assert "the console is open until" in opened.stdout
    assert "SigninToken" not in "".join(watcher.seen) + opened.stdout + opened.stderr


def test_the_consoles_address_is_printed_for_who_asks(alice: PersonsHome) -> None:
    page = "https://console.aws.amazon.com/s3/home"
    typed = ("vaultaws", "credentials", "console", "aws/deploy", "--print", "--page", page)
    url = alice.run(*typed).stdout.strip()
    answer = web(alice.laboratory).get(url)
    assert (answer.status_code, answer.url) == (HTTPStatus.OK, page)
    assert f"{WHO}" in answer.text


def test_a_user_signs_in_to_the_console_if_its_policy_lets_it(
    application: PersonsHome, no_lease_left: None
) -> None:
    typed = ("vaultaws", "credentials", "console", "aws/my-role", "--print")
    refused = application.run(*typed, check=False)
    assert refused.returncode == 1
    assert "Allow sts:GetFederationToken in the policy of the Vault role my-role" in refused.stderr
    assert _users(application.laboratory) == [], "no lease is left"

    vault = application.laboratory.vault()
    held = vault.read("aws/roles/my-role")["data"]
    granted = {
        "Effect": "Allow",
        "Action": "sts:GetFederationToken",
        "Resource": "arn:aws:sts::123456789012:federated-user/vaultaws",
    }
    wider = {"Version": "2012-10-17", "Statement": [granted]}
    vault.write_data("aws/roles/my-role", data={**held, "policy_document": json.dumps(wider)})
    try:
        url = application.run(*typed).stdout.strip()
        signed_in = web(application.laboratory).get(url).text
    finally:
        vault.write_data("aws/roles/my-role", data=held)
    assert "federated-user/vaultaws is signed in to 123456789012" in signed_in


def test_aws_that_cannot_be_reached_is_said_and_leaves_no_user(
    application: PersonsHome, switched: Laboratory
) -> None:
    unreachable = replace(Switches(), unreachable=("signin.aws.amazon.com",))
    switches.store(switched.home, unreachable)
    typed = ("vaultaws", "credentials", "console", "aws/deploy", "--print")
    answer = application.run(
        *typed, env={"VAULT_TOKEN": switched.environment["VAULT_TOKEN"]}, check=False
    )
    assert answer.returncode == 1
    assert "https://signin.aws.amazon.com/federation cannot be reached" in answer.stderr
    assert "sessionKey" not in answer.stderr
    eventually("no user is left", lambda: not _users(switched))
