"""The example of a workflow that reads credentials from Vault: its schema, and what it runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.documented import ROOT
from tests.unit.test_fleet import matches

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW: dict[Any, Any] = yaml.safe_load(
    (ROOT / "examples/github-actions/reports.yml").read_text("utf-8")
)
JOB = WORKFLOW["jobs"]["reports"]
PAGE = (ROOT / "docs/github-actions.md").read_text("utf-8")
SECRETS = ("request-token", "job-token", "vault-token", "secret-key", "session-token")
PROGRAM = """#!{python}
import json, os, sys
name = os.path.basename(sys.argv[0])
given = "" if sys.stdin.isatty() or name == "aws" else sys.stdin.read()
keys = {{key: value for key, value in os.environ.items() if key.startswith("AWS_")}}
with open({log!r}, "a") as log:
    log.write(json.dumps({{"argv": [name, *sys.argv[1:]], "given": given, "keys": keys}}) + "\\n")
if name == "aws":
    asked = sum('"aws", "sts"' in line for line in open({log!r}))
    sys.exit(1 if sys.argv[1] == "sts" and asked < 2 else {ends} if sys.argv[1] == "s3" else 0)
url = next(word for word in sys.argv if word.startswith("https://"))
for part, answer in {answers!r}.items():
    if part in url:
        print(answer)
"""
ANSWERS = {
    "oidc.example.com": {"value": "job-token"},
    "/v1/auth/github/login": {"auth": {"client_token": "vault-token"}},
    "/v1/aws/creds/my-role": {"data": {"access_key": "AKIA", "secret_key": "secret-key"}},
}
SESSION = {
    "access_key": "ASIA",
    "secret_key": "secret-key",
    "session_token": "session-token",
}


def test_it_is_as_githubs_schema_says(tmp_path: Path) -> None:
    schema = ["--builtin-schema", "vendor.github-workflows"]
    # YAML 1.1 takes the key for a boolean, and GitHub does not.
    document = {"on" if key is True else key: value for key, value in WORKFLOW.items()}
    sound, told = matches(schema, document, folder=tmp_path)
    assert sound, told


class _Run:
    """One run of the step, with programs that answer and take down what they were given."""

    def __init__(self, folder: Path, *, data: dict[str, str] | None = None, ends: int = 0) -> None:
        log = folder / "log"
        answers = {part: json.dumps(answer) for part, answer in ANSWERS.items()}
        if data:
            answers["/v1/aws/creds/my-role"] = json.dumps({"data": data})
        for name in ("curl", "aws"):
            text = PROGRAM.format(python=sys.executable, log=str(log), answers=answers, ends=ends)
            (folder / name).write_text(text)
            (folder / name).chmod(0o700)
        (step,) = JOB["steps"]
        (folder / "step.sh").write_text(step["run"])
        self.ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "step.sh"],
            cwd=folder,
            env={
                **JOB["env"],
                "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
                "ACTIONS_ID_TOKEN_REQUEST_URL": "https://oidc.example.com/token?v=1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        self.calls = [json.loads(line) for line in log.read_text("utf-8").splitlines()]

    def asked(self) -> list[str]:
        """Return what was asked of Vault, and what of AWS, in this order."""
        words = [call["argv"] for call in self.calls]
        return [
            " ".join(word[1:3])
            if word[0] == "aws"
            else word[-1].removeprefix("https://vault.example.com")
            for word in words
        ]


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not on this machine")
WHOLE = [
    "https://oidc.example.com/token?v=1&audience=https://vault.example.com",
    "/v1/auth/github/login",
    "/v1/aws/creds/my-role",
    *("sts get-caller-identity", "sts get-caller-identity", "s3 ls"),
    "/v1/auth/token/revoke-self",
]


@needs_jq
@pytest.mark.parametrize("data", [None, SESSION], ids=["user", "session"])
def test_it_logs_in_reads_waits_works_and_ends_its_token(
    tmp_path: Path, data: dict[str, str] | None
) -> None:
    run = _Run(tmp_path, data=data)
    assert run.ended.returncode == 0, run.ended.stderr
    assert run.asked() == WHOLE
    login = json.loads(run.calls[1]["given"])
    assert login == {"role": "reports", "jwt": "job-token"}
    keys = run.calls[5]["keys"]
    assert keys["AWS_SECRET_ACCESS_KEY"] == "secret-key"
    assert keys.get("AWS_SESSION_TOKEN") == (data or {}).get("session_token")
    assert "vault-token" in run.calls[-1]["given"]


@needs_jq
def test_no_secret_is_an_argument_or_printed_unmasked(tmp_path: Path) -> None:
    run = _Run(tmp_path, data=SESSION)
    arguments = json.dumps([call["argv"] for call in run.calls])
    shown = re.sub(r"^::add-mask::(.+)$", "", run.ended.stdout, flags=re.MULTILINE)
    for secret in SECRETS:
        assert secret not in arguments
        assert secret not in shown + run.ended.stderr
    masked = set(re.findall(r"^::add-mask::(.+)$", run.ended.stdout, re.MULTILINE))
    assert masked == set(SECRETS) - {"request-token"}


@needs_jq
def test_a_step_that_fails_ends_its_token_too(tmp_path: Path) -> None:
    run = _Run(tmp_path, ends=3)
    assert run.ended.returncode == 3
    assert run.asked() == WHOLE


def test_the_page_tells_vault_what_the_workflow_asks_for() -> None:
    role = json.loads(PAGE.partition("<<'JSON'\n")[2].partition("\nJSON")[0])
    assert role["bound_audiences"] == [JOB["env"]["VAULT_ADDR"]]
    assert role["bound_claims"]["environment"] == JOB["environment"]
    login, name = JOB["env"]["VAULT_LOGIN"], JOB["env"]["VAULT_ROLE"]
    assert f"vault write auth/{login}/role/{name} - " in PAGE
    registered = (ROOT / "tests/program/resources.txt").read_text("utf-8")
    read = JOB["env"]["CREDENTIALS"].rpartition("/")[2]
    assert role["token_policies"] == [f"dev-root-aws-creds-{read}"]
    assert f"aws-access/{read}" in registered
