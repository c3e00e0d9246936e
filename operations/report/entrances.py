"""Who logs in to Vault, and what the tokens may read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from federation.grants import reads, vault_paths
from operations.report.graph import Kind, Node
from operations.report.parts import Entrance
from operations.report.pool import in_account, in_namespace, namespace
from operations.report.resources import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from operations.report.parts import Mount, VaultRole
    from operations.report.pool import Pool
    from operations.report.resources import Resource


def read_policies(pool: Pool, vault_roles: Iterable[VaultRole]) -> dict[tuple[str, str], str]:
    """Add the Vault policies with the Vault roles they may read; return ids by where and name."""
    vault_roles = list(vault_roles)
    found = {}
    for each in pool.of("vault:index/policy:Policy"):
        space, name = namespace(each), str(each.values.get("name", each.name))
        text, remark = each.values.get("policy"), ""
        try:
            paths = vault_paths(text) if isinstance(text, str) else _declared(each, vault_roles)
        except ValueError as error:
            paths, remark = {}, f"what it grants could not be read: {error}"
        id_ = _policy(pool, space, name, paths, remark)
        for role in vault_roles:
            within = role.path.removeprefix(f"{space}/") if space else role.path
            other_ways = (within, within.replace("/creds/", "/sts/"))
            reached = not space or role.path.startswith(f"{space}/")
            if reached and any(reads(paths, way) for way in other_ways):
                pool.link(id_, role.id, "reads")
        found[space, name] = id_
    return found


def _declared(policy: Resource, vault_roles: Iterable[VaultRole]) -> dict[str, tuple[str, ...]]:
    """Return what an access policy will say, whose text waits for the Vault role it is about."""
    about = policy.needs.get("policy", ())
    return {
        f"{role.mount.path}/creds/{role.path.rpartition('/')[2]}": ("read",)
        for role in vault_roles
        if role.urn in about
    }


def _policy(
    pool: Pool, space: str, name: str, paths: Mapping[str, tuple[str, ...]], *remarks: str
) -> str:
    return pool.add(
        Node(
            id=f"vault policy {space}/{name}".replace(" /", " "),
            kind=Kind.VAULT_POLICY,
            label=name,
            place=in_namespace(space),
            facts={path: ", ".join(capabilities) for path, capabilities in paths.items()},
            document={path: list(capabilities) for path, capabilities in paths.items()},
            remarks=tuple(filter(None, remarks)),
        )
    )


def read_logins(
    pool: Pool, policies: Mapping[tuple[str, str], str], mounts: Iterable[Mount]
) -> list[Entrance]:
    """Add whoever logs in to Vault, by what, and with which policies."""
    paths = {mount.parent: mount.path for mount in mounts}
    found = _people(pool, policies)
    for each in pool.of("vault:aws/authBackendRole:AuthBackendRole"):
        space, name = namespace(each), str(each.values.get("role", each.name))
        path = str(each.values.get("backend") or paths.get(each.parent, "aws"))
        login = _login(pool, space, path, name)
        held = tuple(_held(pool, policies, space, each, "tokenPolicies"))
        for arn in each.values.get("boundIamPrincipalArns") or ():
            who = pool.add(_application(str(arn)))
            pool.link(who, login, "logs in by")
            found.append(Entrance(who=who, login=login, policies=held))
    return found


def _application(arn: str) -> Node:
    many = arn.endswith("*")
    return Node(
        id=f"principal {arn}",
        kind=Kind.WHO,
        label=arn.split(":", 5)[5],
        place=in_account(arn.split(":")[4]),
        says=("every such principal",) if many else ("application",),
        facts={"ARN": arn},
    )


def _login(pool: Pool, space: str, path: str, role: str) -> str:
    return pool.add(
        Node(
            id=f"login {space}/auth/{path}/role/{role}".replace(" /", " "),
            kind=Kind.LOGIN,
            label=f"auth/{path} role {role}",
            place=in_namespace(space),
        )
    )


def _held(
    pool: Pool,
    policies: Mapping[tuple[str, str], str],
    space: str,
    holder: Resource,
    key: str,
) -> Iterable[str]:
    """Yield the ids of the policies that a role or a group gives."""
    names = [str(each) for each in holder.values.get(key) or () if each != UNKNOWN]
    if key not in holder.values or UNKNOWN in holder.values[key]:
        needed = [pool.by_urn[urn] for urn in holder.needs.get(key, ()) if urn in pool.by_urn]
        names += [str(each.values["name"]) for each in needed if "name" in each.values]
    for name in dict.fromkeys(names):
        kept = "it is kept elsewhere: what it grants is not known here"
        yield policies.get((space, name)) or _policy(pool, space, name, {}, kept)


def _people(pool: Pool, policies: Mapping[tuple[str, str], str]) -> list[Entrance]:
    groups = {each.urn: each for each in pool.of("vault:identity/group:Group")}
    by_id = {str(each.values["id"]): each for each in groups.values() if "id" in each.values}
    clients = {each.parent: each for each in pool.of("OidcClient")}
    roles = {each.parent: each for each in pool.of("vault:jwt/authBackendRole:AuthBackendRole")}
    roles |= {each.parent: each for each in pool.of("vault:generic/endpoint:Endpoint")}
    found = []
    for alias in pool.of("vault:identity/groupAlias:GroupAlias"):
        needed = (groups[urn] for urn in alias.needs.get("canonicalId", ()) if urn in groups)
        group = by_id.get(str(alias.values.get("canonicalId"))) or next(needed, None)
        client, role = clients.get(alias.parent), roles.get(alias.parent)
        if group is None or client is None or role is None:
            continue
        space, path = namespace(alias), str(client.values.get("path", ""))
        name = str(alias.values.get("name", alias.name))
        settings = _login_settings(role)
        login = _login(pool, space, path, str(settings.get("roleName", role.name)))
        who = pool.add(
            Node(
                id=f"group {space}/auth/{path}/{name}".replace(" /", " "),
                kind=Kind.WHO,
                label=name,
                place=in_namespace(space),
                says=("people of the group",),
                facts={
                    "identity provider": str(client.values.get("discovery_url", "")),
                    "claim": str(settings.get("groupsClaim", "")),
                    "group in Vault": str(group.values.get("name", "")),
                },
            )
        )
        pool.link(who, login, "logs in by", _refused(name, settings))
        held = (
            *_held(pool, policies, space, group, "policies"),
            *(_held(pool, policies, space, role, "tokenPolicies") if _gives(role) else ()),
        )
        found.append(Entrance(who=who, login=login, policies=tuple(dict.fromkeys(held))))
    return found


def _gives(role: Resource) -> bool:
    return bool(role.values.get("tokenPolicies"))


def _login_settings(role: Resource) -> dict[str, Any]:
    """Return what a login's role says, by the names of the provider's own type."""
    if not role.type.startswith("vault:generic"):
        return role.values
    try:
        said = json.loads(role.values.get("dataJson", "{}"))
    except ValueError:
        said = {}
    return {
        "roleName": str(role.values.get("path", role.name)).rpartition("/")[2],
        "groupsClaim": said.get("groups_claim", ""),
        "boundClaims": said.get("bound_claims") or {},
    }


def _refused(group: str, settings: Mapping[str, Any]) -> str:
    claim = settings.get("groupsClaim")
    bound = (settings.get("boundClaims") or {}).get(claim)
    if bound is None:
        return ""
    names = bound if isinstance(bound, list) else str(bound).split(",")
    return "" if group in names else "the login's bound claims do not name the group"
