"""How the workflows of one repository get to AWS and Vault: by GitHub's tokens, with no stored key.

A project of its own, deployed by hand by an administrator: no stack that the workflows deploy holds
any of it, so none can destroy its own way in, and their rights do not reach it.

Two duties, each an environment of the repository: ``preview`` may only read, ``apply`` may change
what stacks are made of, in the environment ``production`` alone, whose reviewers GitHub asks first.
"""

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_vault as vault

AUDIENCE = "sts.amazonaws.com"
"""What aws-actions/configure-aws-credentials asks GitHub's token for, unless told otherwise."""
MOUNT = "github"
"""Path of the auth method in Vault, below ``auth/``."""
ENVIRONMENTS = {"preview": "preview", "apply": "production"}
"""The environment of each duty; GitHub names it in the token of a job that runs in it."""
SECONDS = 3600
"""How long a session or a token lives; what a job does must be done by then."""
POLICIES = Path(__file__).resolve().parents[1] / "policies"
FILES = {"preview": "preview", "apply": "deploy"}
"""Files of ``policies/aws`` and ``policies/vault``, by duty."""


def subject(repository: str, duty: str) -> str:
    """Return the ``sub`` claim of a job in the duty's environment, the whole of it.

    "OpenID Connect reference", GitHub Docs: a job that names an environment has no other subject,
    whatever started it.
    """
    owner, _, name = repository.partition("/")
    if not owner or not name or not all(map(_is_plain, (owner, name))):
        raise pulumi.RunError(f"repository is owner/name, not {repository!r}")
    return f"repo:{repository}:environment:{ENVIRONMENTS[duty]}"


def _is_plain(text: str) -> bool:
    """Tell whether it is a name of GitHub's: nothing in it means anything to a policy."""
    return all(sign.isascii() and (sign.isalnum() or sign in "-_.") for sign in text)


def trust(provider_arn: str, claims: str) -> str:
    """Return the trust policy for exactly one subject.

    Args:
        provider_arn: ARN of the identity provider, whose host the condition keys begin with.
        claims: The ``sub`` claim.
    """
    host = provider_arn.partition(":oidc-provider/")[2]
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider_arn},
        "Condition": {"StringEquals": {f"{host}:aud": AUDIENCE, f"{host}:sub": claims}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def on_state(duty: str, bucket: str, key: str) -> dict[str, Any] | None:
    """Return what a duty may do with the stacks' states; ``None`` if they are kept elsewhere.

    Args:
        duty: ``preview`` may read states and decrypt what is secret in them.
        bucket: Name of the bucket; empty for none.
        key: ARN of the KMS key; empty for none.
    """
    writes = duty == "apply"
    statements: list[dict[str, Any]] = []
    if bucket:
        objects = ["s3:GetObject", *(["s3:PutObject", "s3:DeleteObject"] if writes else [])]
        statements += [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"},
            {"Effect": "Allow", "Action": objects, "Resource": f"arn:aws:s3:::{bucket}/.pulumi/*"},
        ]
    if key:
        uses = ["kms:Decrypt", *(["kms:Encrypt"] if writes else [])]
        statements.append({"Effect": "Allow", "Action": uses, "Resource": key})
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


config = pulumi.Config()
repository, issuer = config.require("repository"), config.require("issuer")
account, stack = config.require("account"), pulumi.get_stack()

amazon = pulumi.ResourceOptions(
    provider=aws.Provider(account, region=config.require("region"), allowed_account_ids=[account])
)
if config.require("identityProvider") == "managed":
    provider_arn = aws.iam.OpenIdConnectProvider(
        "github",
        url=issuer,
        client_id_lists=[AUDIENCE],
        thumbprint_lists=config.get_object("thumbprints") or None,
        opts=amazon,
    ).arn
else:
    host = issuer.removeprefix("https://")
    provider_arn = pulumi.Output.from_input(f"arn:aws:iam::{account}:oidc-provider/{host}")

hashicorp = pulumi.ResourceOptions(
    provider=vault.Provider("vault", address=config.require("vault"), skip_child_token=True)
)
method = vault.AuthBackend(
    "github",
    type="jwt",
    path=MOUNT,
    description="Workflows of GitHub, by their own tokens",
    disable_remount=True,
    opts=hashicorp,
)
issued = vault.generic.Endpoint(
    "github-issuer",
    path=pulumi.Output.format("auth/{0}/config", method.path),
    data_json=json.dumps({"oidc_discovery_url": issuer, "bound_issuer": issuer}),
    ignore_absent_fields=True,
    # It goes with the mount.
    disable_delete=True,
    opts=hashicorp,
)

for duty, file in FILES.items():
    claims = subject(repository, duty)
    role = aws.iam.Role(
        duty,
        name=f"github-{stack}-{duty}",
        assume_role_policy=pulumi.Output.all(provider_arn, claims).apply(lambda both: trust(*both)),
        max_session_duration=SECONDS,
        permissions_boundary=config.get("boundary") or None,
        opts=amazon,
    )
    aws.iam.RolePolicy(
        f"{duty}-stacks",
        name="stacks",
        role=role.name,
        policy=(POLICIES / f"aws/{file}.json").read_text("utf-8"),
        opts=amazon,
    )
    states = on_state(duty, config.get("stateBucket") or "", config.get("secretsKey") or "")
    if states:
        aws.iam.RolePolicy(
            f"{duty}-states", name="states", role=role.name, policy=json.dumps(states), opts=amazon
        )
    policy = vault.Policy(
        duty,
        name=f"github-{stack}-{duty}",
        policy=(POLICIES / f"vault/{file}.hcl").read_text("utf-8"),
        opts=hashicorp,
    )
    branch = {"ref": f"refs/heads/{config.require('branch')}"} if duty == "apply" else {}
    vault.jwt.AuthBackendRole(
        duty,
        backend=method.path,
        role_name=duty,
        role_type="jwt",
        user_claim="sub",
        bound_audiences=[config.require("vault")],
        bound_claims_type="string",
        bound_claims={"sub": claims, "repository": repository, **branch},
        token_policies=[policy.name],
        token_ttl=SECONDS,
        token_max_ttl=SECONDS,
        opts=pulumi.ResourceOptions.merge(hashicorp, pulumi.ResourceOptions(depends_on=[issued])),
    )
    pulumi.export(f"{duty}_role_arn", role.arn)
    pulumi.export(f"{duty}_subject", claims)
