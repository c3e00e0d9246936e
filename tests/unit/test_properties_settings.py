"""Whatever is written into the settings: AWS would take what is accepted, and a person can find
what is refused.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st
from pulumi.runtime.config import CONFIG

import settings
from federation import permissions
from federation.identity import MountClass, subject
from federation.trust import trust_policy
from lab.aws import constraints, validation
from lab.aws.documents import blank_free_length, check_identity_policy
from lab.aws.policy import parse_trust_policy
from tests.unit import strategies as some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from federation.roles import VaultRole
    from settings import Account, SecretsEngine, Settings

PROJECT = "vault-aws-federation"
MANAGED = [f"arn:aws:iam::{some.ACCOUNT}:policy/p{number}" for number in range(20)]
Tree = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project's folder with policy files, and the configuration as it was afterwards."""
    project = tmp_path_factory.mktemp("project")
    for name, actions in (("small", 1), ("large", 90), ("huge", 200)):
        listed = [f"iam:GetUser{number:04}" for number in range(actions)]
        statement = {"Effect": "Allow", "Action": listed, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": statement}
        (project / f"{name}.json").write_text(json.dumps(document), "utf-8")
    before = CONFIG.get()
    yield project
    pulumi.runtime.set_all_config(before, [])


def load(sections: Tree, folder: Path, stack: str = "dev") -> Settings:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in sections.items()}
    pulumi.runtime.set_all_config(values, [])
    return settings.load(pulumi.Config(PROJECT), stack=stack, root=folder)


def _some_of(required: Mapping[str, Any], optional: Mapping[str, Any]) -> st.SearchStrategy[Tree]:
    return st.fixed_dictionaries(dict(required), optional=dict(optional))


def _mostly(right: st.SearchStrategy[Any], *wrong: object) -> st.SearchStrategy[Any]:
    """Draw something doubtful now and then, seldom enough that many settings are accepted."""
    return st.sampled_from(range(60)).flatmap(
        lambda number: st.sampled_from(wrong) if number == 41 else right
    )


def _several(values: list[str], most: int, *, least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True)


LONG = "n" * 60
tags = _mostly(
    st.dictionaries(
        st.sampled_from(["team", "cost:centre", "k" * 128]),
        st.sampled_from(["", "a b", "a\u2003b", "é", "v" * 256]),
        max_size=3,
    ),
    *({"team": "a", "Team": "b"}, {"aws:x": ""}, {"": ""}, {"a\tb": ""}, {"a": "b\nc"}),
    *({"k" * 129: ""}, {"k": "v" * 257}, {"k": "a*"}),
)
hour, day = st.integers(900, 3_600), st.integers(3_600, 86_400)
names = _mostly(some.keys, LONG, "", "A", "a-")
vaults = _some_of(
    {"address": _mostly(st.just("https://vault.example.com"), f"https://{'v.' * 110}com")},
    {
        "issuerAddress": _mostly(st.just("https://v.example.com"), "https://v.example.com:8200"),
        "issuer": st.sampled_from(["managed", "existing"]),
        "thumbprints": _mostly(_several(["ab" * 20, "cd" * 20], 2), ["0" * 40]),
        "keyRotationSeconds": day,
        "keyVerificationSeconds": _mostly(day, 1, 10**8),
    },
)
accounts = _some_of(
    {"id": st.just(some.ACCOUNT), "region": _mostly(st.just("us-east-1"), "eusc-de-east-1")},
    {"boundary": st.sampled_from(MANAGED), "profile": _mostly(st.just("admin"), "")},
)
GROUPS = ["devs", "people/ops", "g" * 100]
user_roles = _some_of(
    {
        "credentialType": st.just("iam_user"),
        "policy": _mostly(st.sampled_from(["small.json", "large.json"]), "huge.json", "absent"),
    },
    {
        "managedPolicies": _mostly(_several(MANAGED, 3), MANAGED, MANAGED * 2),
        "groups": _mostly(
            _several(GROUPS, 2), ["people/devs"], ["Devs"], ["g" * 128], ["devs", "people/devs"]
        ),
        "tags": tags,
        "boundary": st.sampled_from([*MANAGED, "arn:aws:iam::aws:policy/ReadOnlyAccess"]),
    },
)
TARGETS = [f"arn:aws:iam::210987654321:role/{'r' * number}" for number in range(1, 80)]
target_roles = _some_of(
    {
        "credentialType": st.just("assumed_role"),
        "roleArns": _mostly(_several(TARGETS[:64], 5, least=1), [], TARGETS, TARGETS[63:]),
    },
    {
        "externalId": _mostly(st.just("partner"), "x", "a b"),
        "sessionTags": tags,
        "defaultTtlSeconds": _mostly(st.just(900), 3_601, 1),
        "maxTtlSeconds": _mostly(hour, 3_601),
    },
)
roles = st.dictionaries(
    _mostly(some.role_names, LONG, "a b"), st.one_of(user_roles, target_roles), max_size=5
)
engines = _some_of(
    {"account": st.just("main"), "audience": st.text("abc", min_size=3, max_size=255)},
    {
        "path": _mostly(st.text("pqr", min_size=2, max_size=9), "clouds", "clouds/aws", "/", "sys"),
        "namespace": _mostly(some.namespaces, LONG, "root", "a//b", "-a"),
        "defaultTtlSeconds": hour,
        "maxTtlSeconds": day,
        "tokenTtlSeconds": hour,
        "roles": roles,
    },
)
trees = st.fixed_dictionaries(
    {
        "vault": vaults,
        "accounts": st.fixed_dictionaries({"main": accounts}),
        "secretsEngines": st.dictionaries(names, engines, max_size=3),
    }
)
"""Settings that are right in their form, and often in what they say."""

junk = st.one_of(
    st.sampled_from(
        [None, True, 0, -1, 10**12, 1.5, "", "*", "a b", "${x}", "\u0101", "x" * 3_000]
    ),
    st.sampled_from([[], {}, [None], {"": ""}, ["*"], [["a"]], {"a": {"b": []}}]),
)


@st.composite
def _spoilt(draw: st.DrawFn) -> Tree:
    """Return settings with something at any one place that hardly belongs there."""
    tree = copy.deepcopy(draw(trees))
    places = list(_places(tree))
    holder, key = places[draw(st.integers(0, len(places) - 1))]
    how = draw(st.sampled_from(["other", "gone", "more"]))
    if how == "other":
        holder[key] = draw(junk)
    elif how == "gone":
        del holder[key]
    elif isinstance(holder, dict):
        holder["surprise"] = draw(junk)
    return tree


def _places(node: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - a tree of JSON
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _names_a_key(line: str, node: object) -> bool:
    """Say whether a line begins with a key of the settings, or with one that has a default."""
    if line.startswith(": "):
        return True
    if isinstance(node, dict):
        return any(
            line.startswith(f".{key}") and _names_a_key(line.removeprefix(f".{key}"), value)
            for key, value in node.items()
        ) or bool(re.match(r"\.[a-z]+[A-Za-z0-9]*: ", line))
    if isinstance(node, list):
        return any(
            line.startswith(f"[{index}]") and _names_a_key(line.removeprefix(f"[{index}]"), value)
            for index, value in enumerate(node)
        )
    return False


@tried(max_examples=400)
@given(tree=st.one_of(trees, _spoilt()), stack=_mostly(some.stacks, "Dev", "", "a" * 50))
def test_settings_are_accepted_as_aws_would_or_refused_by_key(
    tree: Tree, stack: str, folder: Path
) -> None:
    try:
        found = load(tree, folder, stack)
    except pulumi.RunError as error:
        heading, *lines = str(error).splitlines()
        assert heading.startswith(f"the settings of stack {stack} have ")
        assert lines
        for line in lines:
            assert line.startswith(f"  {PROJECT}:")
            assert _names_a_key(f".{line.removeprefix(f'  {PROJECT}:')}", tree), line
        return
    for key, engine in found.secrets_engines.items():
        _aws_takes(found, key, engine, found.accounts[engine.account])


def _aws_takes(found: Settings, key: str, engine: SecretsEngine, account: Account) -> None:
    """Put everything that AWS will be sent for an engine to the laboratory's judges."""
    mount, issuer = found.names(key), found.issuer(engine.namespace)
    arn = mount.provider_arn(issuer)
    constraints.check("iam", "CreateOpenIDConnectProvider", {"Url": issuer})
    validation._check_issuer(issuer)
    client = {"OpenIDConnectProviderArn": arn, "ClientID": engine.audience}
    constraints.check("iam", "AddClientIDToOpenIDConnectProvider", client)

    claims = engine.audience, subject("x" * 5, MountClass.SECRET, f"aws_{'0' * 8}")
    trust = trust_policy(arn, *claims)
    parse_trust_policy(trust)
    assert blank_free_length(json.dumps(trust)) <= 2_048
    role = {"RoleName": mount.role_name, "AssumeRolePolicyDocument": json.dumps(trust)}
    role |= {"PermissionsBoundary": account.boundary} if account.boundary else {}
    constraints.check("iam", "CreateRole", role | _tags(mount.tags))

    inline = permissions.inline_policies(mount, engine.roles)
    texts = {name: json.dumps(document) for name, document in inline.items()}
    assert sum(map(blank_free_length, texts.values())) <= validation.INLINE_CHARACTERS["Role"]
    for name, text in texts.items():
        check_identity_policy(text)
        policy = {"RoleName": mount.role_name, "PolicyName": name, "PolicyDocument": text}
        constraints.check("iam", "PutRolePolicy", policy)
    for vault_role in engine.roles:
        if vault_role.credential_type == "iam_user":
            _aws_takes_users(vault_role, mount.iam_path)
        else:
            _aws_takes_sessions(vault_role)
    for group in {group for vault_role in engine.roles for group in vault_role.groups}:
        leave = inline[mount.revoke_group_policy(group)]["Statement"][0]
        assert leave["Resource"] == mount.group_arn(group)


def _aws_takes_users(role: VaultRole, path: str) -> None:
    user = f"vault-{'d' * 16}-{role.name}-{'r' * 8}"
    call = {"UserName": user, "Path": path}
    call |= {"PermissionsBoundary": role.boundary} if role.boundary else {}
    constraints.check("iam", "CreateUser", call)
    if role.tags:
        constraints.check("iam", "TagUser", {"UserName": user, **_tags(role.tags)})
    if role.policy is not None:
        check_identity_policy(role.policy)
        assert blank_free_length(role.policy) <= validation.INLINE_CHARACTERS["User"]
        policy = {"UserName": user, "PolicyName": user, "PolicyDocument": role.policy}
        constraints.check("iam", "PutUserPolicy", policy)
    for arn in role.managed_policies:
        constraints.check("iam", "AttachUserPolicy", {"UserName": user, "PolicyArn": arn})
    for group in role.group_names:
        constraints.check("iam", "AddUserToGroup", {"UserName": user, "GroupName": group})


def _aws_takes_sessions(role: VaultRole) -> None:
    assert role.role_arns
    assert 900 <= (role.default_ttl_seconds or 0) <= (role.max_ttl_seconds or 0) <= 3_600
    for arn in role.role_arns:
        call = {"RoleArn": arn, "RoleSessionName": "vault-x"}
        call |= {"ExternalId": role.external_id} if role.external_id else {}
        constraints.check("sts", "AssumeRole", call | _tags(role.session_tags))


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags as a call carries them; IAM does not tell their keys by case."""
    assert len({key.lower() for key in tags}) == len(tags)
    assert not any(re.search(r"[\t\n\r\v\f]", text) for text in (*tags, *tags.values()))
    return {
        f"Tags.member.{number}.{part}": text
        for number, pair in enumerate(tags.items(), start=1)
        for part, text in zip(("Key", "Value"), pair, strict=True)
    }
