"""Vault's own acceptance tests of its AWS code against the laboratory: ``make acceptance``.

They are Vault's, ask AWS what Vault's users ask, and know nothing of the laboratory. Compiling them
takes minutes, so no other test does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from lab import laboratory
from lab.environment import entered
from lab.home import Home, read_json
from tools import bootstrap, go

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
COMPILE_SECONDS = 3600
RUN_SECONDS = 900


@dataclass(frozen=True)
class Suite:
    """The acceptance tests of one package of Vault."""

    package: str
    """Path within Vault's module."""
    run: str
    """Which of its tests ask AWS."""
    beside: frozenset[str] = frozenset()
    """Files that need more than AWS."""
    mended: tuple[str, str] = ("", "")
    """What stands in their sources, and what they need in its place to get as far as AWS."""
    own: frozenset[str] = frozenset()
    """Tests that fail by themselves, before they ask AWS."""


_VIEW = "&testSystemView{StaticSystemView: *logical.TestSystemView()}"
SUITES = (
    Suite(
        package="builtin/logical/aws",
        run="^TestAcceptanceBackend_",
        # Its Vault runs in Docker.
        beside=frozenset({"stepwise_test.go"}),
        # In this Vault's stead stands what gives leases no time at all.
        mended=("cfg.System = &testSystemView{}", f"cfg.System = {_VIEW}"),
        # They compare a role's fields with those of an older Vault: external_id and session_tags
        # have come since.
        own=frozenset(
            {
                "TestAcceptanceBackend_iamUserManagedInlinePoliciesGroups",
                "TestAcceptanceBackend_iamUserGroups",
            }
        ),
    ),
    Suite(
        package="builtin/credential/aws",
        run="^(TestBackendAcc_|TestRoleResolutionWithSTSEndpointConfigured$)",
        # In this Vault's stead stands what fails at every configuration.
        mended=(
            "config := logical.TestBackendConfig()",
            f"config := logical.TestBackendConfig(); config.System = {_VIEW}",
        ),
    ),
)


def main() -> int:
    """Compile, run and judge; 0 if all passes that AWS has a part in."""
    compiler = str(bootstrap.compiler())
    with tempfile.TemporaryDirectory(prefix="acceptance-") as name:
        folder = Path(name)
        programs = {suite.package: compiled(suite, folder, compiler) for suite in SUITES}
        home = Home(folder / "home")
        laboratory.up(home, print)
        try:
            environment = {**entered(home), **credentials(home)}
            failed = [
                line
                for suite in SUITES
                for line in failures(suite, programs[suite.package], environment)
            ]
        finally:
            laboratory.down(home, print)
    print("\n".join(["these failed:", *failed] if failed else ["what AWS has a part in passes"]))
    return 1 if failed else 0


def compiled(suite: Suite, folder: Path, compiler: str) -> Path:
    """Compile a suite in a module of its own, with what the laboratory's Vault is built from."""
    module = folder / "module"
    if not module.exists():
        module.mkdir()
        text = (ROOT / "lab/vault/go.mod").read_text("utf-8")
        text = re.sub(r"^module .*", "module acceptance", text).replace("../../", f"{ROOT}/")
        (module / "go.mod").write_text(text, "utf-8")
        shutil.copy2(ROOT / "lab/vault/go.sum", module)
    # What tests import beside the program is added to this copy of go.mod and go.sum.
    environment = go.environment()
    environment["GOFLAGS"] = environment["GOFLAGS"].replace("-mod=readonly", "-mod=mod")
    listed = subprocess.run(
        [compiler, "list", "-m", "-json", "github.com/hashicorp/vault"],
        cwd=module,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    package = module / suite.package.replace("/", "_")
    package.mkdir()
    for source in sorted((Path(json.loads(listed.stdout)["Dir"]) / suite.package).glob("*.go")):
        if source.name not in suite.beside:
            text = source.read_text("utf-8").replace(*suite.mended)
            (package / source.name).write_text(text, "utf-8")
    program = folder / f"{package.name}.test"
    print(f"compiling the tests of {suite.package}", flush=True)
    subprocess.run(
        [compiler, "test", "-vet=off", "-c", "-o", program, f"./{package.name}"],
        cwd=module,
        env=environment,
        check=True,
        timeout=COMPILE_SECONDS,
    )
    return program


def credentials(home: Home) -> dict[str, str]:
    """Return an administrator's key and, for logins, a session, as the tests want them."""
    account = read_json(home.accounts)[0]
    keys = {
        "aws_access_key_id": account["access_key_id"],
        "aws_secret_access_key": account["secret_access_key"],
    }
    endpoint = f"http://127.0.0.1:{read_json(home.ports)['aws']}"
    clients: Any = boto3
    iam, sts = (
        clients.client(
            service,
            region_name="us-east-1",
            endpoint_url=endpoint,
            config=Config(proxies={}),
            **keys,
        )
        for service in ("iam", "sts")
    )
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{account['id']}:root"},
    }
    look_up = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
    role = iam.create_role(RoleName="acceptance", AssumeRolePolicyDocument=_document(trust))
    iam.put_role_policy(
        RoleName="acceptance", PolicyName="look-up", PolicyDocument=_document(look_up)
    )
    arn = role["Role"]["Arn"]
    session = sts.assume_role(RoleArn=arn, RoleSessionName="acceptance")["Credentials"]
    return {
        "VAULT_ACC": "1",
        "AWS_ACCESS_KEY_ID": keys["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ASSUMABLE_ROLE_ARN": arn,
        "TEST_AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "TEST_AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "TEST_AWS_SECURITY_TOKEN": session["SessionToken"],
        "TEST_AWS_SESSION_TOKEN": session["SessionToken"],
    }


def failures(suite: Suite, program: Path, environment: Mapping[str, str]) -> list[str]:
    """Run a suite; return what failed though AWS has a part in it, each with the package's name.

    Of what the tests print, only why one failed is shown: they print the credentials, too.
    """
    finished = subprocess.run(
        [program, "-test.v", "-test.run", suite.run],
        cwd=program.parent,
        env={**environment, "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=RUN_SECONDS,
    )
    found = re.findall(r"^--- (PASS|FAIL|SKIP): (\w+)", finished.stdout, re.MULTILINE)
    told = {name: outcome for outcome, name in found}
    for name, outcome in told.items():
        reason = " (by itself, see SUITES)" if outcome == "FAIL" and name in suite.own else ""
        print(f"{outcome} {suite.package} {name}{reason}", flush=True)
    for line in re.findall(r"^    \w+\.go:\d+: .*", finished.stdout, re.MULTILINE):
        print(line[:500])
    if not told:
        return [f"{suite.package}: no test ran, exit code {finished.returncode}"]
    failed = {name for name, outcome in told.items() if outcome == "FAIL"}
    return [f"{suite.package} {name}" for name in sorted(failed - suite.own)]


def _document(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


if __name__ == "__main__":
    sys.exit(main())
