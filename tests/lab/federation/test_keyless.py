"""The way in of workflows, deployed, and tried with tokens as GitHub signs them.

The laboratory's identity provider stands for GitHub: its key signs what GitHub's would.
"""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from hvac.exceptions import Forbidden, InvalidRequest

from lab.home import read_json
from tests.lab.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory

ISSUER, VAULT = "https://people.lab.test", "https://vault.lab.test"
PREVIEW, PRODUCTION = (f"repo:owner/name:environment:{name}" for name in ("preview", "production"))
ACCESS = ("AccessKeyId", "SecretAccessKey", "SessionToken")


@pytest.fixture(scope="module")
def way_in(deployed: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """The laboratory with the project deployed that lets workflows in."""
    place = tmp_path_factory.mktemp("place")
    (place / ".venv").symlink_to(ROOT / ".venv")
    for name in ("bootstrap", "policies"):
        shutil.copytree(ROOT / name, place / name)
    prints = json.loads(deployed.pulumi("stack", "output", "--json").stdout)
    config = {
        "repository": "owner/name",
        "account": "123456789012",
        "region": "us-east-1",
        "vault": VAULT,
        "issuer": ISSUER,
        "thumbprints[0]": prints["secrets_engines"]["aws"]["thumbprints"][0],
    }
    flags = [part for key, value in config.items() for part in ("--plaintext", f"{key}={value}")]
    _pulumi(deployed, place, "stack", "init")
    _pulumi(deployed, place, "config", "set-all", "--path", *flags)
    try:
        _pulumi(deployed, place, "up", "--yes", "--skip-preview")
        _pulumi(deployed, place, "preview", "--expect-no-changes")
        yield deployed
    finally:
        _pulumi(deployed, place, "destroy", "--yes", "--skip-preview")
        _pulumi(deployed, place, "stack", "rm", "--yes")


def _pulumi(laboratory: Laboratory, place: Path, *arguments: str) -> None:
    folder = ("--cwd", str(place / "bootstrap"))
    laboratory.run("pulumi", *folder, *arguments, "--stack", "ways", "--non-interactive")


def _token(laboratory: Laboratory, subject: str, audience: str, **claims: str) -> str:
    """Sign what a job gets of GitHub ("OpenID Connect reference", GitHub Docs)."""
    if not laboratory.home.people_key.exists():  # it is made for whoever asks for the public half
        laboratory.run("curl", "--silent", "--fail", f"{ISSUER}/jwks")
    key = read_json(laboratory.home.people_key)
    now = int(time.time())
    said = {
        "iss": ISSUER,
        "sub": subject,
        "aud": audience,
        "repository": subject.split(":")[1],
        "ref": "refs/heads/main",
        "iat": now,
        "exp": now + 300,
        **claims,
    }
    published = jwt.PyJWK.from_dict(key, algorithm="RS256")
    return jwt.encode(said, published.key, algorithm="RS256", headers={"kid": published.key_id})


def _session(laboratory: Laboratory, duty: str, token: str) -> dict[str, str]:
    """Sign in to AWS as the action does, unsigned."""
    sts = boto3.client(
        "sts",
        region_name="us-east-1",
        verify=laboratory.environment["AWS_CA_BUNDLE"],
        config=Config(
            signature_version=UNSIGNED, proxies={"https": laboratory.environment["HTTPS_PROXY"]}
        ),
    )
    answer = sts.assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::123456789012:role/github-ways-{duty}",
        RoleSessionName="job",
        WebIdentityToken=token,
    )
    held: Any = answer["Credentials"]
    return {name: held[name] for name in ACCESS}


def _log_in(laboratory: Laboratory, duty: str, token: str) -> str:
    """Sign in to Vault as the action does."""
    client = laboratory.vault()
    client.token = None
    answer = client.auth.jwt.jwt_login(role=duty, jwt=token, path="github")
    return str(answer["auth"]["client_token"])


REFUSED = [
    ("preview", PRODUCTION),
    ("apply", PREVIEW),
    ("preview", "repo:owner/name:pull_request"),
    ("apply", "repo:owner/name:ref:refs/heads/main"),
    ("apply", "repo:owner/name2:environment:production"),
    ("apply", "repo:mallory/name:environment:production"),
    ("apply", f"{PRODUCTION}-2"),
]


@pytest.mark.parametrize(("duty", "subject"), REFUSED)
def test_whoever_is_not_in_the_environment_gets_in_nowhere(
    way_in: Laboratory, duty: str, subject: str
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        _session(way_in, duty, _token(way_in, subject, "sts.amazonaws.com"))
    with pytest.raises((InvalidRequest, Forbidden)):
        _log_in(way_in, duty, _token(way_in, subject, VAULT))


@pytest.mark.parametrize(
    "claims", [{"ref": "refs/heads/other"}, {"aud": "other"}, {"repository": "owner/other"}]
)
def test_vault_also_asks_for_branch_repository_and_its_own_address(
    way_in: Laboratory, claims: dict[str, str]
) -> None:
    _log_in(way_in, "apply", _token(way_in, PRODUCTION, VAULT))
    with pytest.raises((InvalidRequest, Forbidden)):
        _log_in(way_in, "apply", _token(way_in, PRODUCTION, VAULT, **claims))


def _job(laboratory: Laboratory, duty: str, subject: str) -> dict[str, str]:
    """Return what the environment of a job has once it has signed in."""
    held = _session(laboratory, duty, _token(laboratory, subject, "sts.amazonaws.com"))
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    aws = dict(zip(names, held.values(), strict=True))
    return {**aws, "VAULT_TOKEN": _log_in(laboratory, duty, _token(laboratory, subject, VAULT))}


def test_who_previews_sees_everything_and_changes_nothing(
    way_in: Laboratory, tmp_path: Path
) -> None:
    env = _job(way_in, "preview", PREVIEW)
    anonymous = ("env", "-u", "AWS_PROFILE")
    way_in.run(*anonymous, "ci/preview.sh", "dev", str(tmp_path), env=env)
    previewed = json.loads((tmp_path / "previews/dev.json").read_text("utf-8"))
    assert set(previewed["changeSummary"]) == {"same"}
    for watch in ("drift", "users"):
        answer = way_in.run(*anonymous, "vaultaws", "watch", watch, "--stack", "dev", env=env)
        assert "nothing found" in answer.stdout
    # Without the word that it only previews, a token that lacks the rights to deploy is refused.
    update = ("pulumi", "up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive")
    refused = way_in.run(*anonymous, *update, env=env, check=False)
    assert refused.returncode != 0
    assert "it lacks" in refused.stdout + refused.stderr


def test_who_applies_cannot_open_its_own_way_in_to_others(way_in: Laboratory) -> None:
    env = _job(way_in, "apply", PRODUCTION)
    iam = way_in.aws(
        "iam",
        env["AWS_ACCESS_KEY_ID"],
        env["AWS_SECRET_ACCESS_KEY"],
        env["AWS_SESSION_TOKEN"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.delete_role_policy(RoleName="github-ways-apply", PolicyName="stacks")
    assert iam.get_role(RoleName="vault-secret-dev-root-aws")
    vault = way_in.vault()
    vault.token = env["VAULT_TOKEN"]
    with pytest.raises(Forbidden):
        vault.write_data("auth/github/role/apply", data={"bound_claims": {}})
    with pytest.raises(Forbidden):
        vault.sys.create_or_update_policy(
            "github-ways-apply", 'path "*" { capabilities = ["sudo"] }'
        )
