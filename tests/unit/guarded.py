"""One sound resource for each guardrail, and what its tests change in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policies.guardrails.rules.rule import (
    AUTH_ROLE,
    ENGINE,
    IDENTITY_PROVIDER,
    ROLE,
)
from tests.judged import UNSEEN, Pack, Told, resource

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "123456789012"
ISSUER = "vault.lab.test/v1/identity/oidc/plugins"
SUBJECT = "plugin-identity:root:secret:aws_0a1b2c3d"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
BOUNDED = {**UNSEEN, "boundary": {"required": True}, "protected-mounts": {"required": True}}
"""The pack as a stack configures it that asks for what is not asked for by default."""
GONE = object()
"""In place of a value: the input is not given."""


def statement(**changes: object) -> dict[str, Any]:
    """Return the one statement of a sound trust policy, changed; GONE takes an element out."""
    sound = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{ISSUER}:aud": "vault-aws", f"{ISSUER}:sub": SUBJECT}},
    }
    return {name: value for name, value in {**sound, **changes}.items() if value is not GONE}


def document(*statements: Mapping[str, Any]) -> str:
    """Return a policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], on: str | list[str], **more: object) -> str:
    """Return a policy that allows actions on resources."""
    return document({"Effect": "Allow", "Action": action, "Resource": on, **more})


SOUND: dict[str, tuple[str, dict[str, Any]]] = {
    "no-static-keys": (ENGINE, {"identityTokenAudience": "vault-aws", "roleArn": "arn:…"}),
    "bound-trust": (ROLE, {"assumeRolePolicy": document(statement())}),
    "no-escalation": (
        ROLE_POLICY,
        {
            "role": "vault-secret-dev-root-aws",
            "policy": allow(
                "iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/vault/dev-root-aws/vault-*"
            ),
        },
    ),
    "no-everything": (ROLE_POLICY, {"role": "any", "policy": allow("iam:ListUsers", "*")}),
    "boundary": (ROLE, {"permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary"}),
    "ceilings": (
        ENGINE,
        {
            "identityTokenTtl": 3600,
            "defaultLeaseTtlSeconds": 3600,
            "maxLeaseTtlSeconds": 86400,
        },
    ),
    "https-issuer": ("vault:identity/oidc:Oidc", {"issuer": "https://vault.lab.test"}),
    "lasting-thumbprint": (
        IDENTITY_PROVIDER,
        {"url": f"https://{ISSUER}", "thumbprintLists": ["ab" * 20]},
    ),
    "named-principals": (
        AUTH_ROLE,
        {
            "boundIamPrincipalArns": [f"arn:aws:iam::{ACCOUNT}:role/app"],
            "resolveAwsUniqueIds": True,
            "tokenMaxTtl": 3600,
        },
    ),
    "explicit-provider": ("pulumi:providers:aws", {"allowedAccountIds": '["123456789012"]'}),
    "protected-mounts": (ENGINE, {"disableRemount": True}),
}
"""By rule, the type of a resource that it judges and inputs that it finds nothing wrong with."""


def judged(
    rule: str,
    changes: Mapping[str, Any],
    *,
    kind: str | None = None,
    provider: str = "main",
    protect: bool = True,
) -> list[Told]:
    """Return what a rule says of its sound resource with some inputs and traits changed."""
    usual, sound = SOUND[rule]
    props = {name: value for name, value in {**sound, **changes}.items() if value is not GONE}
    request = resource(kind or usual, props, provider=provider, protect=protect)
    return [told for told in Pack(BOUNDED).judge(request) if told.rule == rule]
