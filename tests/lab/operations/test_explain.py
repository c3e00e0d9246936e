"""``vaultaws explain`` by what the laboratory's AWS and Vault really say."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import jwt
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from federation import knowledge
from federation.knowledge import Rule, access, exchange, limits, vault
from lab import switches
from lab.switches import Switches
from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.conftest import Laboratory

HOST = "vault.lab.test"
ISSUER = f"https://{HOST}/v1/identity/oidc/plugins"
ACCOUNT = "arn:aws:iam::123456789012"
ROLE = f"{ACCOUNT}:role/vault-secret-dev-root-aws"
DENY_USERS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}],
}


class World:
    """The dev stack's laboratory, and mounts and tokens to provoke refusals with."""

    def __init__(self, laboratory: Laboratory) -> None:
        self.laboratory = laboratory
        self.vault = laboratory.vault()
        self.iam = administrator(laboratory)
        owner = laboratory.account("main")
        self.keys = owner["access_key_id"], owner["secret_access_key"]
        self.sts = laboratory.aws("sts", *self.keys)

    @contextmanager
    def switched(self, **values: Any) -> Iterator[None]:  # noqa: ANN401 - fields of Switches
        """Let the laboratory do something else meanwhile."""
        switches.store(self.laboratory.home, Switches(**values))
        try:
            yield
        finally:
            switches.store(self.laboratory.home, Switches())

    def write(self, path: str, **values: str) -> None:
        """Write to Vault."""
        self.vault.write_data(path, data=values)

    def forged(self, *, issuer: str = ISSUER, **claims: object) -> str:
        """Return a token like Vault's, with the name of its key, signed by somebody else."""
        published = self.vault.adapter.get("/v1/identity/oidc/plugins/.well-known/keys")
        now = int(time.time())
        said = {"iss": issuer, "sub": "x", "aud": "y", "iat": now, "exp": now + 600, **claims}
        return jwt.encode(
            {name: value for name, value in said.items() if value is not None},
            rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "RS256",
            {"kid": published["keys"][0]["kid"]},
        )

    def exchange(self, token: str, **changes: str) -> None:
        """Show a token to AWS."""
        asked = {"RoleArn": ROLE, "RoleSessionName": "test", "WebIdentityToken": token, **changes}
        self.sts.assume_role_with_web_identity(**asked)

    def signing_in(self, audience: str, role: str = ROLE) -> None:
        """Let a mount of its own sign in, and fail with what Vault's log says of it."""
        log = self.laboratory.home.logs / "vault.log"
        size = log.stat().st_size
        self.write(
            "explained/config/root",
            identity_token_audience=audience,
            role_arn=role,
            region="us-east-1",
        )
        with pytest.raises(hvac.exceptions.InternalServerError, match=exchange.NO_PROVIDERS):
            self.write("explained/static-roles/none", username="none")
        with log.open("rb") as opened:
            opened.seek(size)
            said = opened.read().decode()
        raise RuntimeError(said[said.index("error assuming role with web identity") :])

    def anew(self, name: str) -> Any:  # noqa: ANN401 - boto3 makes clients as it runs
        """Return the client of an account's other role, ``deploy`` of ``data``."""
        given = self.sts.assume_role(
            RoleArn="arn:aws:iam::444455556666:role/deploy",
            RoleSessionName="test",
            ExternalId="laboratory",
        )["Credentials"]
        keys = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        return self.laboratory.aws(name, *keys)

    @contextmanager
    def vault_role(self, **values: object) -> Iterator[str]:
        """Have another Vault role at the engine meanwhile; yields where it is read."""
        self.vault.write_data("aws/roles/explained", data=values)
        try:
            yield "aws/creds/explained"
        finally:
            self.vault.delete("aws/roles/explained")


@pytest.fixture(scope="module")
def world(deployed: Laboratory) -> Iterator[World]:
    """The dev stack, with a second engine and method that nobody trusts."""
    world = World(deployed)
    world.vault.sys.enable_secrets_engine("aws", path="explained")
    world.vault.sys.enable_auth_method("aws", path="explained")
    try:
        yield world
    finally:
        world.vault.sys.disable_secrets_engine("explained")
        world.vault.sys.disable_auth_method("explained")


def _switched_off(world: World) -> None:
    token = world.forged()
    with world.switched(unreachable=(HOST,)):
        world.exchange(token)


def _another_chain(world: World) -> None:
    token = world.forged()
    with world.switched(presented_chain={HOST: "other-authority"}):
        world.exchange(token)


def _late(world: World) -> None:
    with world.switched(clock_offset_seconds=7200):
        world.signing_in("vault-aws-secrets")


def _early(world: World) -> None:
    with world.switched(vault_clock_offset_seconds=600):
        world.signing_in("vault-aws-secrets")


def _kept_user(world: World) -> None:
    world.iam.create_user(UserName="explained")
    try:
        for _ in range(2):
            world.iam.create_access_key(UserName="explained")
        world.iam.delete_user(UserName="explained")
    finally:
        _gone(world)


def _third_key(world: World) -> None:
    world.iam.create_user(UserName="explained")
    try:
        for _ in range(3):
            world.iam.create_access_key(UserName="explained")
    finally:
        _gone(world)


def _gone(world: World) -> None:
    for key in world.iam.list_access_keys(UserName="explained")["AccessKeyMetadata"]:
        world.iam.delete_access_key(UserName="explained", AccessKeyId=key["AccessKeyId"])
    world.iam.delete_user(UserName="explained")


def _kept_role(world: World) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    world.iam.create_role(RoleName="explained", AssumeRolePolicyDocument=document)
    world.iam.put_role_policy(
        RoleName="explained", PolicyName="p", PolicyDocument=json.dumps(DENY_USERS)
    )
    try:
        world.iam.delete_role(RoleName="explained")
    finally:
        world.iam.delete_role_policy(RoleName="explained", PolicyName="p")
        world.iam.delete_role(RoleName="explained")


def _made_elsewhere(world: World) -> None:
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    with world.vault_role(
        credential_type="iam_user", policy_arns=policy, user_path="/elsewhere/"
    ) as creds:
        world.vault.read(creds)


def _forbidden_by_the_organisation(world: World) -> None:
    with world.switched(service_control_policy=DENY_USERS):
        world.vault.read("aws/creds/my-role")


def _target(world: World, *arns: str) -> None:
    with world.vault_role(credential_type="assumed_role", role_arns=list(arns)) as creds:
        world.vault.read(creds)


def _log_in(world: World, server_id: str) -> None:
    answer = world.laboratory.run(
        *("vaultaws", "login", "--method", "aws", "--path", "aws", "--role", "dev-role-iam"),
        *("--address", world.laboratory.environment["VAULT_ADDR"], "--region", "us-east-1"),
        *("--server-id", server_id, "--profile", "main", "--print"),
        check=False,
    )
    assert answer.returncode == 1
    raise RuntimeError(answer.stderr)


PROVOKED: list[tuple[Rule, Callable[[World], object]]] = [
    (exchange.NO_PROVIDER, lambda world: world.exchange(world.forged(issuer="https://a.test/b"))),
    (exchange.NO_KEY, _switched_off),
    (exchange.THUMBPRINT, _another_chain),
    (exchange.SIGNATURE, lambda world: world.exchange(world.forged())),
    (exchange.MALFORMED, lambda world: world.exchange("garbage")),
    (exchange.MALFORMED, lambda world: world.exchange(world.forged(sub=None))),
    (exchange.AUDIENCE, lambda world: world.signing_in("nobody")),
    (exchange.UNTRUSTED, lambda world: world.signing_in("vault-aws-secrets")),
    (exchange.EXPIRED, _late),
    (exchange.FUTURE, _early),
    (
        exchange.NO_SESSION,
        lambda world: world.write("explained/static-roles/none", username="none"),
    ),
    (
        limits.PARAMETER,
        lambda world: world.exchange(world.forged(), RoleSessionName="with blanks"),
    ),
    (
        limits.POLICY,
        lambda world: world.iam.put_role_policy(
            RoleName=ROLE.rpartition("/")[2], PolicyName="explained", PolicyDocument="{"
        ),
    ),
    (limits.USER_KEPT, _kept_user),
    (limits.ROLE_KEPT, _kept_role),
    (limits.LIMIT, _third_key),
    (
        limits.EXISTS,
        lambda world: world.iam.create_open_id_connect_provider(
            Url=ISSUER, ThumbprintList=["a" * 40]
        ),
    ),
    (access.NOT_GRANTED, _made_elsewhere),
    (access.SERVICE_CONTROL, _forbidden_by_the_organisation),
    (
        access.NOT_ASSUMABLE,
        lambda world: world.sts.assume_role(
            RoleArn=f"{ACCOUNT}:role/vault-target-dev-deploy", RoleSessionName="test"
        ),
    ),
    (
        access.TAG_SESSION,
        lambda world: world.sts.assume_role(
            RoleArn="arn:aws:iam::444455556666:role/deploy",
            RoleSessionName="test",
            ExternalId="laboratory",
            Tags=[{"Key": "a", "Value": "b"}],
        ),
    ),
    (access.FROM_SESSION, lambda world: world.anew("sts").get_session_token()),
    (
        access.NEW_KEY,
        lambda world: world.laboratory.aws("iam", "AKIA" + "A" * 16, "unknown").list_users(),
    ),
    (
        access.NEW_KEY,
        lambda world: world.laboratory.aws("s3", "AKIA" + "A" * 16, "unknown").list_buckets(),
    ),
    (
        access.SIGNATURE,
        lambda world: world.laboratory.aws("iam", world.keys[0], "wrong").list_users(),
    ),
    (
        vault.FALLBACKS,
        lambda world: world.write(
            "explained/config/root", sts_fallback_endpoints="https://a", sts_fallback_regions="b,c"
        ),
    ),
    (
        vault.ROTATION_BOTH,
        lambda world: world.write(
            "explained/config/root", rotation_period="1h", rotation_schedule="* * * * *"
        ),
    ),
    (
        vault.ROTATION_WINDOW,
        lambda world: world.write(
            "explained/config/root", rotation_period="1h", rotation_window="1h"
        ),
    ),
    (
        vault.ROTATION_WINDOW,
        lambda world: world.write("explained/config/root", rotation_window="1h"),
    ),
    (
        vault.ROTATION_SCHEDULE,
        lambda world: world.write("explained/config/root", rotation_schedule="daily"),
    ),
    (
        vault.ROTATION_EDITION,
        lambda world: world.write("explained/config/root", rotation_period="1h"),
    ),
    (
        vault.KEYS_AND_AUDIENCE,
        lambda world: world.write(
            "explained/config/root",
            access_key="a",
            secret_key="b",
            identity_token_audience="c",
            role_arn=ROLE,
        ),
    ),
    (
        vault.NO_ROLE,
        lambda world: world.write(
            "explained/config/root", identity_token_audience="c", role_arn=""
        ),
    ),
    (
        vault.NO_ROLE,
        lambda world: world.write("auth/explained/config/client", identity_token_audience="c"),
    ),
    (vault.ROTATE_ROOT, lambda world: world.write("aws/config/rotate-root")),
    (vault.ROTATE_ROOT, lambda world: world.write("auth/aws/config/rotate-root")),
    (
        vault.ISSUER,
        lambda world: world.write("identity/oidc/config", issuer=f"https://{HOST}/vault"),
    ),
    (vault.UNKNOWN_ROLE, lambda world: world.vault.read("aws/creds/none")),
    (
        vault.WHICH_TARGET,
        lambda world: _target(world, f"{ACCOUNT}:role/one", f"{ACCOUNT}:role/two"),
    ),
    (
        vault.FOREIGN_TARGET,
        lambda world: world.write("aws/creds/deploy", role_arn=f"{ACCOUNT}:role/another"),
    ),
    (vault.ASSUMING, lambda world: _target(world, f"{ACCOUNT}:role/app")),
    (access.NOT_ASSUMABLE, lambda world: _target(world, f"{ACCOUNT}:role/app")),
    (vault.PRINCIPAL, lambda world: _log_in(world, HOST)),
    (vault.SERVER_ID, lambda world: _log_in(world, "another.vault.test")),
    (
        vault.UNRESOLVED,
        lambda world: world.write(
            "auth/aws/role/explained", auth_type="iam", bound_iam_principal_arn=f"{ACCOUNT}:role/no"
        ),
    ),
    (
        vault.FORBIDDEN,
        lambda world: hvac.Client(
            url=world.vault.url, token="wrong", session=world.vault.session
        ).read("aws/creds/my-role"),
    ),
]


@pytest.mark.parametrize(("rule", "provoke"), PROVOKED)
def test_what_they_really_say_is_known(
    world: World, rule: Rule, provoke: Callable[[World], object]
) -> None:
    with pytest.raises((ClientError, hvac.exceptions.VaultError, RuntimeError)) as refused:
        provoke(world)
    said = re.sub(r", on (?:get|post) https\S+$", "", str(refused.value))
    assert rule in [each.rule for each in knowledge.explain(said)], said


def test_a_person_pipes_an_error_and_is_told_what_to_type(world: World) -> None:
    failed = world.laboratory.run(
        "bash",
        "-c",
        "aws sts assume-role-with-web-identity --role-arn arn:aws:iam::123456789012:role/x "
        "--role-session-name test --web-identity-token garbage 2>&1 | vaultaws explain -",
    )
    assert "AWS (InvalidIdentityToken): what was sent is no token" in failed.stdout
    assert "vaultaws explain - < TOKEN_FILE" in failed.stdout


def test_the_thumbprint_presented_is_held_against_those_configured(world: World) -> None:
    well = world.laboratory.run("vaultaws", "explain", "--stack", "dev")
    (listed,) = set(re.findall(r"AWS lists    (\w{40})", well.stdout))
    assert f"presented    {listed}" in well.stdout
    with world.switched(presented_chain={HOST: "other-authority"}):
        ill = world.laboratory.run("vaultaws", "explain", "--stack", "dev", "--json", check=False)
    assert ill.returncode == 1
    looks = {look["mount"]: look for look in json.loads(ill.stdout)["stack"]}
    assert set(looks) == {"aws", "auth/aws"}
    for look in looks.values():
        assert look["thumbprints_at_aws"] == look["thumbprints_of_stack"] == [listed]
        assert look["thumbprint_presented"] != listed
        (problem,) = look["problems"]
        assert problem.startswith(f"thumbprint: {HOST} presents a chain that ends in ")


def test_a_trust_policy_of_aws_says_which_clause_fails_for_which_claim(world: World) -> None:
    document = world.laboratory.run("aws", "iam", "get-role", "--role-name", ROLE.split("/")[1])
    for mount, code in (("aws", 0), ("auth/aws", 1)):
        judged = world.laboratory.run(
            *("vaultaws", "explain", "-", "--stack", "dev", "--mount", mount),
            stdin=document.stdout,
            check=False,
        )
        assert judged.returncode == code
        said = " ".join(judged.stdout.split())
        assert (
            "plugins:aud: wants 'vault-aws-secrets', the token has 'vault-aws-auth'" in said
        ) == (code == 1)


def test_a_token_is_judged_by_what_aws_holds_for_its_mount(world: World) -> None:
    outputs = json.loads(world.laboratory.pulumi("stack", "output", "--json").stdout)
    subject = outputs["secrets_engines"]["aws"]["subject"]
    token = world.forged(sub=subject, aud="vault-aws-auth")
    judged = world.laboratory.run(
        *("vaultaws", "explain", "-", "--stack", "dev"), stdin=token, check=False
    )
    assert judged.returncode == 1
    assert token not in judged.stdout + judged.stderr
    said = " ".join(judged.stdout.split())
    assert "the token has 'vault-aws-auth'; AWS refuses with AccessDenied" in said
