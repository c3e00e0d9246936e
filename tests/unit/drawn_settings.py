"""Settings that are right in their form, and often in what they say, with every section in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.unit import strategies as some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OTHER_ACCOUNT = "210987654321"
MANAGED = [f"arn:aws:iam::{some.ACCOUNT}:policy/p{number}" for number in range(20)]
CLIENT_SECRET = "false-client-secret"
Tree = dict[str, Any]


def _some_of(required: Mapping[str, Any], optional: Mapping[str, Any]) -> st.SearchStrategy[Tree]:
    return st.fixed_dictionaries(dict(required), optional=dict(optional))


_OF_SIXTY = st.sampled_from(range(60))


def mostly(right: st.SearchStrategy[Any], *wrong: object) -> st.SearchStrategy[Any]:
    """Draw something doubtful now and then, seldom enough that many settings are accepted."""
    return _OF_SIXTY.flatmap(lambda number: st.sampled_from(wrong) if number == 41 else right)


def _several(values: list[str], most: int, *, least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True)


LONG = "n" * 60
usually = st.sampled_from([True, True, True, False])
tags = mostly(
    st.dictionaries(
        st.sampled_from(["team", "cost:centre", "k" * 128]),
        st.sampled_from(["", "a b", "a\u2003b", "é", "v" * 256]),
        max_size=3,
    ),
    *({"team": "a", "Team": "b"}, {"aws:x": ""}, {"": ""}, {"a\tb": ""}, {"a": "b\nc"}),
    *({"k" * 129: ""}, {"k": "v" * 257}, {"k": "a*"}),
)
audiences = mostly(st.integers(0, 10**9).map("vault-{:x}".format), "a" * 255, "a")
hour, day = st.integers(900, 3_600), st.integers(3_600, 86_400)
names = mostly(some.keys, LONG, "", "A", "a-")
vaults = _some_of(
    {"address": mostly(st.just("https://vault.example.com"), f"https://{'v.' * 110}com")},
    {
        "issuerAddress": mostly(st.just("https://v.example.com"), "https://v.example.com:8200"),
        "issuer": st.sampled_from(["managed", "existing"]),
        "thumbprints": mostly(_several(["ab" * 20, "cd" * 20], 2), ["0" * 40]),
        "protect": st.booleans(),
        "keyRotationSeconds": day,
        "keyVerificationSeconds": mostly(day, 1, 10**8),
    },
)
accounts = _some_of(
    {"id": st.just(some.ACCOUNT), "region": mostly(st.just("us-east-1"), "eusc-de-east-1")},
    {"boundary": st.sampled_from(MANAGED), "profile": mostly(st.just("admin"), "")},
)
GROUPS = ["devs", "people/ops", "g" * 100]
user_roles = _some_of(
    {
        "credentialType": st.just("iam_user"),
        "policy": mostly(st.sampled_from(["small.json", "large.json"]), "huge.json", "absent"),
    },
    {
        "managedPolicies": mostly(_several(MANAGED, 3), MANAGED, MANAGED * 2),
        "groups": mostly(
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
        "defaultTtlSeconds": mostly(st.just(900), 3_601, 1),
        "roleArns": mostly(_several(TARGETS[:64], 5, least=1), [], TARGETS, TARGETS[63:]),
    },
    {
        "externalId": mostly(st.just("partner"), "x", "a b"),
        "sessionTags": tags,
        "maxTtlSeconds": mostly(hour, 3_601),
    },
)
roles = st.dictionaries(
    mostly(some.role_names, LONG, "a b"),
    st.one_of(user_roles, target_roles),
    min_size=1,
    max_size=4,
)
engines = _some_of(
    {
        "account": st.just("main"),
        "audience": audiences,
        "roles": roles,
    },
    {
        "path": mostly(st.text("pqr", min_size=2, max_size=9), "clouds", "clouds/aws", "/", "sys"),
        "namespace": mostly(some.namespaces, LONG, "root", "a//b", "-a"),
        "defaultTtlSeconds": hour,
        "maxTtlSeconds": day,
        "tokenTtlSeconds": hour,
    },
)

EXTERNAL_IDS = mostly(st.sampled_from(["partner", "x" * 900]), "x", "a b")
targets = _some_of(
    {
        "account": st.just("main"),
        "policy": mostly(st.sampled_from(["small.json", "large.json", "huge.json"]), "giant.json"),
    },
    {
        "managedPolicies": mostly(_several(MANAGED, 3), MANAGED, MANAGED * 2),
        "externalId": EXTERNAL_IDS,
        "sessionTags": st.one_of(st.just({"team": "a"}), tags),
    },
)
"""Target roles but for whom they trust."""

_PRINCIPAL_PATHS = ["", "x/", "team/y/", f"{'p' * 60}/"]
_principals = st.builds(
    "arn:aws:iam::{}:{}/{}{}".format,
    st.sampled_from([some.ACCOUNT, some.ACCOUNT, OTHER_ACCOUNT]),
    st.sampled_from(["role", "user"]),
    st.sampled_from(_PRINCIPAL_PATHS),
    st.text("abAB01+=,.@_-", min_size=1, max_size=12),
)
_wrong_principals = [
    *("*", f"arn:aws:iam::{some.ACCOUNT}:root", f"arn:aws:iam::{some.ACCOUNT}:user/vault/a"),
    *(f"arn:aws:iam::{some.ACCOUNT}:role/*", f"arn:aws-cn:iam::{some.ACCOUNT}:role/a"),
    f"arn:aws:sts::{some.ACCOUNT}:assumed-role/a/b",
]
_crowds = st.sampled_from([30, 60, 90]).map(
    lambda most: [f"arn:aws:iam::{some.ACCOUNT}:role/{'p' * 60}/n{n}" for n in range(most)]
)
"""As many as an IAM role's inline policies take, or somewhat more."""
login_roles = _some_of(
    {
        "boundPrincipals": st.one_of(
            *[st.lists(mostly(_principals, *_wrong_principals), min_size=1, max_size=4)] * 4,
            _crowds,
        ),
        "policies": mostly(_several(["dev", "ops"], 2, least=1), [], ["absent"]),
    },
    {
        "existingPolicies": mostly(_several(["reader", "x y"], 2), ["root"], ["A"]),
        "defaultTtlSeconds": mostly(st.just(600), 59),
        "maxTtlSeconds": mostly(hour, 59),
    },
)
login_role_names = some.role_names.map(lambda name: name.lower().replace("@", "."))
_unbound_methods = _some_of(
    {"account": st.just("main"), "audience": audiences},
    {
        "path": mostly(st.text("xyz", min_size=2, max_size=9), "token", "sys"),
        "namespace": mostly(some.namespaces, LONG, "root"),
        "wildcardPrincipals": usually,
        "serverId": mostly(st.just("vault.example.com"), "a b"),
        "tokenTtlSeconds": hour,
    },
)
_roles_of_a_method = st.dictionaries(
    mostly(login_role_names, "A", "a b"), login_roles, min_size=1, max_size=3
)


@st.composite
def methods(draw: st.DrawFn) -> Tree:
    """Return an auth method that reaches the accounts of its principals, mostly."""
    method, roles = draw(_unbound_methods), draw(_roles_of_a_method)
    bound = [arn for role in roles.values() for arn in role["boundPrincipals"]]
    if method.get("wildcardPrincipals") and bound:
        role = roles[draw(st.sampled_from(sorted(roles)))]
        role["boundPrincipals"] = [f"arn:aws:iam::{some.ACCOUNT}:role/team/*"]
    others = [OTHER_ACCOUNT] if any(f"::{OTHER_ACCOUNT}:" in arn for arn in bound) else []
    look_up = [
        {"roleArn": f"arn:aws:iam::{account}:role/look-up"}
        | ({"externalId": draw(EXTERNAL_IDS)} if draw(usually) else {})
        for account in others
    ]
    stranger = {"roleArn": "arn:aws:iam::000000000000:role/look-up"}
    return method | {
        "roles": roles,
        "stsRoles": draw(mostly(st.just(look_up), [], [*look_up, *look_up], [stranger])),
    }


# What is made once is validated once; hypothesis validates each strategy that a draw makes anew.
_engines = mostly(
    st.sampled_from([2, 1]).flatmap(
        lambda least: st.dictionaries(names, engines, min_size=least, max_size=3)
    ),
    {},
)
_methods = st.dictionaries(names, methods(), min_size=1, max_size=2)
_targets = st.dictionaries(names, targets, min_size=1, max_size=2)
_owners = st.sampled_from(["managed", "existing"])
_authorities = mostly(st.just("ab" * 32), "AB" * 32)
_logins = _some_of(
    {
        "discoveryUrl": mostly(st.just("https://people.example.com"), "http://a", "https://"),
        "clientId": mostly(st.just("vault"), ""),
        "path": mostly(st.text("uvw", min_size=2, max_size=9), "token"),
        "groups": st.dictionaries(
            mostly(st.sampled_from(["devs", "on call", "é"]), "a,b", " a"), st.none(), min_size=1
        ),
    },
    {
        "groupsClaim": mostly(st.just("roles"), ""),
        "scopes": mostly(st.just(["profile"]), ['"']),
    },
)
"""Logins but for what their groups may read."""


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Return settings whose sections refer to each other."""
    tree: Tree = {
        "vault": draw(vaults),
        "accounts": {"main": draw(accounts)},
        "secretsEngines": draw(_engines),
        "authMethods": {},
    }
    if draw(usually):
        tree["authMethods"] = draw(_methods)
    if draw(usually) and tree["secretsEngines"]:
        tree["targetRoles"] = draw(_targets)
    for name, target in tree.get("targetRoles", {}).items():
        _trust(draw, tree["secretsEngines"], name, target)
    roles = [f"{key}/{role}" for key, role, _ in _engine_roles(tree)]
    if draw(usually) and roles:
        login, name = _login(draw, tree, roles), draw(names)
        tree |= {"humanLogins": {name: login}, "humanLoginSecrets": {name: CLIENT_SECRET}}
    used = {path for section in MOUNTED for path in _namespaces(tree.get(section, {}).values())}
    if draw(usually):
        owner = draw(_owners)
        listed = dict.fromkeys(sorted(_and_around(used) or {"team"}), owner)
        tree["vault"]["namespaces"] = draw(mostly(st.just(listed), {"a": "managed"}, {"": owner}))
    if "thumbprints" not in tree["vault"] and draw(usually):
        tree["vault"]["caSha256"] = draw(_authorities)
    return tree


MOUNTED = ("secretsEngines", "authMethods", "humanLogins")


def _trust(draw: st.DrawFn, declared: Tree, name: str, target: Tree) -> None:
    """Let a target role trust engines, and let some of them hand out its sessions."""
    several = st.one_of(st.just(sorted(declared)), _several(sorted(declared), 3, least=1))
    trusted = draw(mostly(several, [], ["nobody"]))
    target["trustedBy"] = trusted
    for engine in trusted:
        if engine in declared and draw(usually):
            asked = {key: target[key] for key in ("externalId", "sessionTags") if key in target}
            role = {"credentialType": "assumed_role", "targetRoles": [name]} | asked
            role = draw(mostly(st.just(role), role | {"externalId": "other"}))
            declared[engine].setdefault("roles", {})[f"own{len(name)}"] = role


def _login(draw: st.DrawFn, tree: Tree, roles: list[str]) -> Tree:
    granted = draw(st.sampled_from(roles))
    engine = tree["secretsEngines"][granted.partition("/")[0]]
    group = {"awsRoles": draw(mostly(st.just([granted]), [], ["nobody/a"], [f"{granted}x"]))}
    login = draw(_logins)
    login["groups"] = dict.fromkeys(login["groups"], group)
    return {"namespace": engine.get("namespace", ""), **login}


def _engine_roles(tree: Tree) -> Iterable[tuple[str, str, Tree]]:
    for key, engine in tree["secretsEngines"].items():
        for name, role in engine.get("roles", {}).items():
            yield key, name, role


def _namespaces(mounts: Iterable[Tree]) -> Iterable[str]:
    return (mount.get("namespace", "") for mount in mounts)


def _and_around(paths: Iterable[str]) -> set[str]:
    parts = [path.split("/") for path in paths if path]
    return {"/".join(split[:end]) for split in parts for end in range(1, len(split) + 1)}
