"""A role that a team owns and that one secrets engine of another stack may assume.

The team needs to know nothing of Vault: what the stack of vault-aws-federation says of itself is
enough. Hand the exported ARN to whoever owns that stack, for ``roleArns`` of a Vault role: what the
engine may assume stands in its own policy too, without which a role of another account is closed.
"""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

SESSION_SECONDS = 3600
"""Vault assumes the role with a session of its own; AWS ends such sessions after an hour."""


def of_engine(outputs: dict[str, Any], engine: str) -> dict[str, Any]:
    """Return what the stack says of one of its engines."""
    if engine not in outputs:
        raise pulumi.RunError(f"no secrets engine {engine!r} there; known are {', '.join(outputs)}")
    found: dict[str, Any] = outputs[engine]
    return found


def trust(role_arn: str) -> str:
    """Return a trust policy for the engine's IAM role alone."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": role_arn}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


config = pulumi.Config()
name = config.require("engine")
federation = pulumi.StackReference(config.require("federation"))
engine = federation.require_output("secrets_engines").apply(lambda held: of_engine(held, name))
role = aws.iam.Role(
    "own",
    name=f"own-role-{pulumi.get_stack()}",
    assume_role_policy=engine.apply(lambda held: trust(held["role_arn"])),
    max_session_duration=SESSION_SECONDS,
    opts=pulumi.ResourceOptions(
        provider=aws.Provider("account", region=config.require("region")),
    ),
)
pulumi.export("role_arn", role.arn)
pulumi.export("trusted", engine["role_arn"])
pulumi.export("issuer", engine["issuer"])
