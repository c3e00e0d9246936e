"""A stack with a Vault role of every kind and every option, and what its roles are for."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from tests.lab.conftest import ROOT
from tests.lab.leases import Lease
from tests.lab.logins import make_role
from tests.lab.stacks import Stack, administrator

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.conftest import Laboratory

MAIN, DATA = "123456789012", "444455556666"
READ_ONLY = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
BOUNDARY = f"arn:aws:iam::{MAIN}:policy/boundary"
GROUP = "team/readers"
CHANGE_PASSWORD = "arn:aws:iam::aws:policy/IAMUserChangePassword"
LIST_USERS = "policies/aws/list-users.json"
"""A session policy, which leaves out half of what the target role may."""
TAGS = {"Team": "engineering"}
CONDITION = {"externalId": "false-id", "sessionTags": {"Team": "engineering"}}
LOOK_UP = f"arn:aws:iam::{DATA}:role/vault-look-up"
ENGINE_ROLE = "vault-secret-dev-root-aws"
METHOD_ROLE = "vault-auth-dev-root-aws"
_EC2 = "https://ec2.us-east-1.amazonaws.com"
Values = dict[str, Any]


def declared() -> Values:
    """Return settings in which every option of every credential type is used."""
    return {
        "vault": {"address": "https://vault.lab.test"},
        "accounts": {
            "main": {"id": MAIN, "region": "us-east-1"},
            "data": {"id": DATA, "region": "us-east-1", "profile": "data"},
        },
        "targetRoles": {
            "deploy": {
                # In another account both sides must agree: within one, a trust that names the
                # engine's role lets it in without a right of its own (IAM User Guide, "Policy
                # evaluation logic").
                "account": "data",
                "policy": "policies/aws/list-roles-and-users.json",
                "trustedBy": ["aws"],
                **CONDITION,
            }
        },
        "secretsEngines": {
            "aws": {
                "account": "main",
                "audience": "vault-aws-secrets",
                "roles": {
                    "user": {
                        "credentialType": "iam_user",
                        "policy": "policies/aws/get-own-user.json",
                        "managedPolicies": [READ_ONLY],
                        "groups": [GROUP],
                        "tags": TAGS,
                        "boundary": BOUNDARY,
                    },
                    "session": {
                        "credentialType": "assumed_role",
                        "targetRoles": ["deploy"],
                        "policy": LIST_USERS,
                        "managedPolicies": [CHANGE_PASSWORD],
                        "defaultTtlSeconds": 900,
                        "maxTtlSeconds": 1_800,
                        **CONDITION,
                    },
                },
            }
        },
        "authMethods": {
            "aws": {
                "account": "main",
                "audience": "vault-aws-auth",
                "stsRoles": [{"roleArn": LOOK_UP, "externalId": "vault"}],
                "roles": {
                    "app": {
                        "boundPrincipals": [
                            f"arn:aws:iam::{MAIN}:role/app",
                            f"arn:aws:iam::{MAIN}:user/people/alice",
                            f"arn:aws:iam::{DATA}:role/stranger",
                        ],
                        "policies": ["dev"],
                    }
                },
            }
        },
    }


def _document(*statements: Values) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def _allow(actions: list[str], resource: str = "*") -> Values:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def surroundings(laboratory: Laboratory) -> None:
    """Make what the stack only refers to: a boundary, a group, principals, a role to look up."""
    main, data = administrator(laboratory), administrator(laboratory, "data")
    main.create_policy(
        PolicyName="boundary", PolicyDocument=_document(_allow(["iam:GetUser", "iam:ListRoles"]))
    )
    main.create_group(GroupName="readers", Path="/team/")
    main.put_group_policy(
        GroupName="readers",
        PolicyName="list",
        PolicyDocument=_document(_allow(["iam:ListRoles", "iam:ListUsers"])),
    )
    make_role(laboratory, "app")
    make_role(laboratory, "stranger", account="data")
    main.create_user(UserName="alice", Path="/people/")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{MAIN}:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": "vault"}},
    }
    data.create_role(RoleName="vault-look-up", AssumeRolePolicyDocument=_document(trust))
    data.put_role_policy(
        RoleName="vault-look-up",
        PolicyName="look-up",
        PolicyDocument=_document(_allow(["iam:GetRole"], f"arn:aws:iam::{DATA}:role/*")),
    )


def deploy(laboratory: Laboratory, folder: Path) -> Stack:
    """Deploy the stack and what it refers to."""
    surroundings(laboratory)
    stack = Stack(laboratory, folder, "dev", ROOT)
    (folder / LIST_USERS).write_text(_document(_allow(["iam:ListUsers"])), "utf-8")
    stack.create(declared())
    stack.up()
    return stack


def issue(laboratory: Laboratory, role: str, **parameters: object) -> Lease:
    """Ask Vault for credentials of a role of the engine."""
    verb = "sts" if role == "session" else "creds"
    answer = laboratory.vault().write_data(f"aws/{verb}/{role}", data=parameters)
    return Lease.of(laboratory, answer)


def bind_again(laboratory: Laboratory, principal: str) -> None:
    """Have the auth method look a principal up, in a Vault role of its own, with fresh clients."""
    vault = laboratory.vault()
    # A changed endpoint makes Vault forget the clients, and with them the sessions, that it kept;
    # nothing here asks EC2.
    kept = vault.read("auth/aws/config/client")["data"]["endpoint"]
    vault.write_data("auth/aws/config/client", data={"endpoint": "" if kept else _EC2})
    name = f"auth/aws/role/probe-{uuid.uuid4().hex[:8]}"
    bound = {"auth_type": "iam", "bound_iam_principal_arn": [principal]}
    try:
        vault.write_data(name, data=bound)
    finally:
        vault.delete(name)
