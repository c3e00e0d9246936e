"""How the unit tests declare a stack: sound settings, a few keys changed, and what is told then."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

import settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROJECT = "vault-aws-federation"
LEFT_OUT = object()


class Unstructured(str):
    """A section that is no YAML but plain text, as `pulumi config set` writes it."""

    __slots__ = ()


POLICY = "arn:aws:iam::123456789012:policy/vault-users"
TARGET = "arn:aws:iam::210987654321:role/deploy"
THEIRS = "arn:aws:iam::210987654321:role/theirs"
APP = "arn:aws:iam::123456789012:role/app"
Sections = dict[str, Any]

_VAULT = {"address": "https://vault.example.com"}
_ACCOUNTS = {
    "main": {"id": "123456789012", "region": "us-east-1"},
    "other": {"id": "210987654321", "region": "eu-west-1"},
}

ENGINES: Sections = {
    "vault": _VAULT,
    "accounts": _ACCOUNTS,
    "secretsEngines": {
        "aws": {
            "account": "main",
            "audience": "vault-aws-secrets",
            "roles": {
                "reader": {"credentialType": "iam_user", "policy": "sound.json"},
                "deploy": {"credentialType": "assumed_role", "roleArns": [TARGET]},
            },
        },
        "spare": {"account": "other", "audience": "vault-aws-spare"},
    },
}
"""Two secrets engines, one with a Vault role of each credential type."""

PEOPLE: Sections = {
    "vault": _VAULT,
    "accounts": _ACCOUNTS,
    "targetRoles": {
        "deploy": {
            "account": "other",
            "policy": "sound.json",
            "trustedBy": ["aws"],
            "externalId": "partner",
            "sessionTags": {"Team": "a"},
        }
    },
    "secretsEngines": {
        "aws": {
            "account": "main",
            "audience": "vault-aws-secrets",
            "roles": {
                "deploy": {
                    "credentialType": "assumed_role",
                    "targetRoles": ["deploy"],
                    "roleArns": [THEIRS],
                    "externalId": "partner",
                    "sessionTags": {"Team": "a"},
                },
                "reader": {"credentialType": "iam_user", "policy": "sound.json"},
            },
        },
        "spare": {"account": "main", "audience": "vault-aws-spare", "namespace": "team"},
    },
    "humanLogins": {
        "people": {
            "discoveryUrl": "https://people.example.com/realms/main",
            "clientId": "vault",
            "groups": {"engineering": {"awsRoles": ["aws/deploy", "aws/reader"]}},
        }
    },
    "humanLoginSecrets": {"people": "hidden"},
}
"""A login for people, and a target role that a Vault role assumes."""

METHODS: Sections = {
    "vault": _VAULT,
    "accounts": {"main": _ACCOUNTS["main"]},
    "secretsEngines": {"aws": {"account": "main", "audience": "secrets"}},
    "authMethods": {
        "aws": {
            "account": "main",
            "audience": "logins",
            "roles": {"app": {"boundPrincipals": [APP], "policies": ["app"]}},
        },
    },
}
"""An auth method beside a secrets engine of the same name."""


_MALFORMED: Sections = {
    "Version": "2008-10-17",
    "Statements": [],
    "Statement": [
        "x",
        {"Sid": "One", "Effect": "allow", "Action": [], "Resource": "*", "Condition": []},
        {
            "Sid": "One",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "Ж",
            "NotAction": "iam:GetUser",
            "Resource": "*",
            "Condition": {"Bool": {}, "StringEquals": {"aws:PrincipalTag/team": {}}},
        },
        {"Sid": "a b", "Effect": "Deny", "Actions": "*", "Action": "*", "NotResource": "iam"},
    ],
}
"""Everything at once that IAM would not take of a policy's structure."""


_UNREADABLE: Sections = {
    "Version": "2012-10-17",
    "Id": 1,
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": [
                "arn:AWS:s3:::a",
                "arn:aws:s3:${aws:username}::a",
                "arn:aws:s3:::${a}",
                "arn:aws:s3:::${aws:username",
                "arn:aws:s3:::${aws:usrname}",
            ],
            "Condition": {
                "NumericEquals": {"s3:max-keys": ["ten", "Infinity", 10]},
                "Bool": {"aws:SecureTransport": "yes"},
            },
        },
        {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:us-east-1::a"},
    ],
}
"""What AWS knows by name, and could not read."""


def changed(sound: Sections, changes: Mapping[str, object]) -> Sections:
    """Return sound settings with some dotted keys changed, added or left out."""
    sections = copy.deepcopy(sound)
    for key, value in changes.items():
        *path, last = key.split(".")
        place = sections
        for part in path:
            place = place.setdefault(part, {})
        if value is LEFT_OUT:
            del place[last]
        else:
            place[last] = value
    return sections


def load(
    sections: Sections, folder: Path, *, stack: str = "dev", encrypted: str = "humanLoginSecrets"
) -> settings.Settings:
    """Read settings as the program does, one section of them encrypted."""
    values = {
        f"{PROJECT}:{key}": value if isinstance(value, Unstructured) else json.dumps(value)
        for key, value in sections.items()
    }
    pulumi.runtime.set_all_config(values, [f"{PROJECT}:{encrypted}"])
    return settings.load(pulumi.Config(PROJECT), stack=stack, root=folder)


def problems(
    sections: Sections, folder: Path, *, stack: str = "dev", encrypted: str = "humanLoginSecrets"
) -> list[str]:
    """Return what is told of wrong settings, a line per problem, without the project's name."""
    with pytest.raises(pulumi.RunError) as error:
        load(sections, folder, stack=stack, encrypted=encrypted)
    heading, *lines = str(error.value).splitlines()
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    assert heading == f"the settings of stack {stack} have {count}:"
    return [line.removeprefix(f"  {PROJECT}:") for line in lines]


def write_files(project: Path) -> None:
    """Write every policy file that the tests' settings name, sound and wrong ones."""
    aws = {
        "sound.json": _document(_allow("iam:GetUser")),
        "wrong.json": _document(_allow("GetUser")),
        "text.json": "{",
        "large.json": _document(
            _allow("iam:GetUser", [f"arn:aws:iam::*:user/vault/{n:04}" for n in range(70)])
        ),
        "typed.json": _document(
            _allow("iam:GetUser", "arn:aws:iam::*:usr/*"),
            _allow("iam:GetUsr", condition={"StringEqual": {"iam:ResourceTags/team": "a"}}),
        ),
        "list.json": "[]",
        "twice.json": '{"Statement": {}, "Statement": []}',
        "empty.json": _document(),
        "malformed.json": json.dumps(_MALFORMED),
        "misnamed.json": _document(
            _allow("iamm:GetUser"),
            _allow("iam:ListUsers", "arn:aws:iam::*:user/*"),
            _allow("iam:GetUser", ["arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*"]),
        ),
        "idle.json": _document(
            _allow("s3:ListBucket", "arn:aws:s3:::bucket/*"),
            _allow("iam:GetUser", "arn:aws-cn:iam::*:user/*"),
        ),
        "values.json": json.dumps(_UNREADABLE),
        "number.json": '{"Version": NaN}',
        "blanks.json": _document(
            _allow(
                "iam:GetUser",
                condition={"StringEquals": {"aws:PrincipalTag/team": "a b " * 500}},
            )
        ),
    }
    policies = project / "policies" / "vault"
    policies.mkdir(parents=True)
    for name, text in aws.items():
        (project / name).write_text(text, "utf-8")
    (project / "binary.json").write_bytes(b"\xff")
    (project / "marked.json").write_text(aws["sound.json"], "utf-8-sig")
    (project / "wide.json").write_text(aws["sound.json"], "utf-16")
    (project / "wide-unmarked.json").write_text(aws["sound.json"], "utf-16-le")
    (project / "old.json").write_text(
        aws["sound.json"].replace("2012-10-17", "2008-10-17"), "utf-8"
    )
    (project / "unversioned.json").write_text(
        aws["sound.json"].replace('"Version": "2012-10-17", ', ""), "utf-8"
    )
    (project.parent / "outside.json").write_text(aws["sound.json"], "utf-8")
    (policies / "app.hcl").write_text('path "a" { capabilities = ["read"] }', "utf-8")
    (policies / "template.hcl").write_text('path "${mount}/creds/${role}" {}', "utf-8")
    (policies / "blank.hcl").write_text("\n", "utf-8")
    (policies / "marked.hcl").write_text('path "a" {}', "utf-8-sig")
    (policies / "wide.hcl").write_text('path "a" {}', "utf-16-be")
    (policies / "binary.hcl").write_bytes(b"\xff")


def _allow(
    action: str, resource: str | list[str] = "*", condition: Sections | None = None
) -> Sections:
    statement: Sections = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def _document(*statements: Sections) -> str:
    one = statements[0] if len(statements) == 1 else list(statements)
    return json.dumps({"Version": "2012-10-17", "Statement": one})
