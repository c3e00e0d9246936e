"""Builds the graph of a stack from its resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.grants import allows
from operations.report import aws_side, entrances, vault_side
from operations.report.graph import Graph, Kind, Route
from operations.report.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from operations.report.parts import Entrance, Mount, Role, VaultRole
    from operations.report.resources import Stack

NOBODY = "nobody of this stack is granted it"


def graph(stack: Stack) -> Graph:
    """Return who can become whom.

    Args:
        stack: Its resources, as they are or as an update will leave them.
    """
    pool = Pool(stack)
    roles = aws_side.read_roles(pool)
    providers = aws_side.read_providers(pool)
    mounts = vault_side.read_mounts(pool, roles)
    aws_side.join_tokens(pool, mounts, providers, roles)
    aws_side.join_targets(pool, roles)
    vault_roles = vault_side.read_vault_roles(pool, mounts, roles)
    policies = entrances.read_policies(pool, vault_roles)
    logins = entrances.read_logins(pool, policies, mounts)
    handed_out = {
        (role.mount.role_arn, identity) for role in vault_roles for identity in role.identities
    }
    routes = dict.fromkeys(
        (
            *_of_readers(pool, logins, vault_roles, roles),
            *_of_mounts(pool, mounts, roles, handed_out),
            *_of_principals(pool, roles),
        )
    )
    return Graph(
        stack=stack.name,
        address=pool.address,
        time=stack.time,
        nodes=dict(pool.nodes),
        edges=tuple(pool.edges.values()),
        routes=tuple(routes),
    )


def _of_readers(
    pool: Pool,
    logins: Iterable[Entrance],
    vault_roles: Iterable[VaultRole],
    roles: Mapping[str, Role],
) -> Iterator[Route]:
    """Yield the ways of all who log in, then of what nobody of the stack is granted."""
    issued = {role.id: list(_issued(pool, role, roles)) for role in vault_roles}
    granted = _granted(pool)
    held: set[str] = set()
    for entrance in logins:
        way = (entrance.who, entrance.login)
        if not entrance.policies:
            yield _route(pool, way)
        for policy in entrance.policies:
            pool.link(entrance.login, policy, "holds")
            held.add(policy)
            yield from _through(pool, (*way, policy), granted, issued)
    reached = {id_ for policy in granted for id_ in granted[policy] if policy in held}
    for policy, readable in granted.items():
        if not reached.issuperset(readable):
            pool.remark(policy, NOBODY)
            yield from _through(pool, (policy,), granted, issued)
        reached.update(readable)
    for id_ in (role.id for role in vault_roles if role.id not in reached):
        pool.remark(id_, NOBODY)
        yield from (_route(pool, (id_, *rest)) for rest in issued[id_])


def _granted(pool: Pool) -> dict[str, list[str]]:
    """Return what each Vault policy may read."""
    policies = (id_ for id_, node in pool.nodes.items() if node.kind is Kind.VAULT_POLICY)
    return {id_: pool.targets[id_] for id_ in policies if id_ in pool.targets}


def _through(
    pool: Pool,
    way: tuple[str, ...],
    granted: Mapping[str, list[str]],
    issued: Mapping[str, list[tuple[str, ...]]],
) -> Iterator[Route]:
    """Yield what follows a Vault policy, the end of the way so far."""
    readable = granted.get(way[-1], [])
    if not readable:
        yield _route(pool, way)
    for id_ in readable:
        for rest in issued[id_] or [()]:
            yield _route(pool, (*way, id_, *rest))


def _issued(pool: Pool, role: VaultRole, roles: Mapping[str, Role]) -> Iterator[tuple[str, ...]]:
    """Yield what follows a Vault role: its mount's way to AWS, what it becomes, what that may."""
    for identity, rights in role.identities.items():
        target, workload = roles.get(identity), roles.get(role.mount.role_arn)
        for chain in _chains(pool, role.mount, roles):
            if workload is not None and chain[-1] == workload.id:
                _handed_out(pool, role, workload, identity, target)
            for right in rights or ("",):
                yield tuple(filter(None, (*chain, identity, right)))


def _handed_out(
    pool: Pool, role: VaultRole, workload: Role, identity: str, target: Role | None
) -> None:
    label = pool.nodes[workload.id].label
    if target is None:
        action = "sts:AssumeRole" if ":role/" in identity else "iam:CreateUser"
        may = allows(workload.held, action, identity)
        broken = "" if may else f"{label} may not {action} on it"
        pool.link(workload.id, identity, "makes" if ":user/" in identity else "assumes", broken)
    elif workload.id not in target.admits:
        broken = f"the trust of {pool.nodes[identity].label} does not name {label}"
        pool.link(workload.id, identity, "assumes", broken)
    elif target.external_id and target.external_id != role.external_id:
        pool.remark(role.id, "its external id is not the one that the role's trust asks for")


def _chains(pool: Pool, mount: Mount, roles: Mapping[str, Role]) -> list[tuple[str, ...]]:
    """Return the way from a mount to the IAM role that it is configured to assume."""
    role = roles.get(mount.role_arn)
    if role is None:
        pool.remark(mount.id, f"the role that it assumes is not of this stack: {mount.role_arn}")
        return [(mount.id, mount.token)]
    believing = [arn for arn in pool.targets[mount.token] if (arn, role.id) in pool.edges]
    if not believing:
        remark = f"no identity provider in account {role.account} believes its token"
        pool.remark(mount.token, remark)
        pool.link(mount.token, role.id, "is not believed by", remark)
        return [(mount.id, mount.token, role.id)]
    return [(mount.id, mount.token, provider, role.id) for provider in believing]


def _of_mounts(
    pool: Pool,
    mounts: Iterable[Mount],
    roles: Mapping[str, Role],
    handed_out: Collection[tuple[str, str]],
) -> Iterator[Route]:
    """Yield what Vault itself may do, also where no Vault role makes use of it.

    That is a target role which trusts the engine's role and is handed out by none of its Vault
    roles, and a role of another mount that lets this one in.
    """
    for mount in mounts:
        for chain in _chains(pool, mount, roles):
            role = roles.get(chain[-1])
            yield from _ending(pool, chain, role)
            for target in roles.values():
                pair = (chain[-1], target.id)
                if role and pair not in handed_out and target.admits.get(role.id) == "":
                    yield from _ending(pool, (*chain, target.id), target)
        for role in roles.values():
            if role.admits.get(mount.token) == "" and role.arn != mount.role_arn:
                pool.remark(role.id, f"it also lets in {pool.nodes[mount.id].label}")
                pool.link(mount.token, role.id, "also gets in at")
                yield from _ending(pool, (mount.id, mount.token, role.id), role)


def _of_principals(pool: Pool, roles: Mapping[str, Role]) -> Iterator[Route]:
    """Yield whom roles let in past Vault."""
    for role in roles.values():
        for source, broken in role.admits.items():
            if pool.nodes[source].kind is Kind.WHO:
                for right in role.rights or [""]:
                    yield Route(nodes=tuple(filter(None, (source, role.id, right))), broken=broken)


def _ending(pool: Pool, way: tuple[str, ...], role: Role | None) -> Iterator[Route]:
    """Yield a way once for each thing that may be done at its end."""
    for right in (role.rights if role else ()) or ("",):
        yield _route(pool, tuple(filter(None, (*way, right))))


def _route(pool: Pool, way: tuple[str, ...]) -> Route:
    return Route(nodes=way, broken=pool.broken(*way))
