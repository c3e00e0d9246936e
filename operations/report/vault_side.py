"""The part of a graph that Vault decides: mounts, their tokens, and what Vault roles hand out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation import identity
from federation.grants import grants
from federation.identity import MountClass
from operations.report.graph import Kind, Node
from operations.report.parts import Mount, VaultRole
from operations.report.pool import in_account, in_namespace, namespace, read_document
from operations.report.rights import add_managed, add_rights, summed_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from operations.report.parts import Role
    from operations.report.pool import Pool
    from operations.report.resources import Resource


def read_mounts(pool: Pool, roles: Mapping[str, Role]) -> list[Mount]:
    """Add mounts and their tokens."""
    clients = {
        each.parent: each for each in pool.of("vault:aws/authBackendClient:AuthBackendClient")
    }
    found = [
        _mount(pool, each, each, MountClass.SECRET, roles)
        for each in pool.of("vault:aws/secretBackend:SecretBackend")
    ]
    found += [
        _mount(pool, each, clients[each.parent], MountClass.AUTH, roles)
        for each in pool.of("vault:index/authBackend:AuthBackend")
        if each.values.get("type") == "aws" and each.parent in clients
    ]
    return found


def _mount(
    pool: Pool,
    resource: Resource,
    settings: Resource,
    mount_class: MountClass,
    roles: Mapping[str, Role],
) -> Mount:
    space, path = namespace(resource), str(resource.values["path"])
    accessor = str(resource.values.get("accessor", ""))
    own = [role.arn for role in roles.values() if role.resource.parent == resource.parent]
    address = f"auth/{path}/" if mount_class is MountClass.AUTH else f"{path}/"
    id_ = pool.add(
        Node(
            id=f"mount {space}/{address}".replace(" /", " "),
            kind=Kind.MOUNT,
            label=address,
            place=in_namespace(space),
            says=("auth method",) if mount_class is MountClass.AUTH else ("secrets engine",),
            facts={"accessor": accessor} if accessor else {},
        )
    )
    space_id = pool.namespace_id(space)
    mount = Mount(
        id=id_,
        token=f"token of {id_}",
        namespace=space,
        mount_class=mount_class,
        path=path,
        parent=resource.parent,
        issuer=pool.issuer(space),
        audience=str(settings.values.get("identityTokenAudience", "")),
        subject=identity.subject(space_id, mount_class, accessor) if space_id and accessor else "",
        role_arn=str(settings.values.get("roleArn") or next(iter(own), "")),
    )
    _add_token(pool, mount, str(settings.values.get("identityTokenTtl", "")))
    return mount


def _add_token(pool: Pool, mount: Mount, seconds: str) -> None:
    pool.add(
        Node(
            id=mount.token,
            kind=Kind.TOKEN,
            label=mount.subject or "subject known once made",
            place=in_namespace(mount.namespace),
            says=(f"for {mount.audience}",),
            facts={
                "issuer": mount.issuer,
                "audience": mount.audience,
                "subject": mount.subject or "known once the mount is made",
                "seconds": seconds,
            },
        )
    )
    pool.link(mount.id, mount.token, "signs")


def read_vault_roles(
    pool: Pool, mounts: Iterable[Mount], roles: Mapping[str, Role]
) -> list[VaultRole]:
    """Add the Vault roles of the secrets engines, and what each hands out."""
    engines = {mount.parent: mount for mount in mounts if mount.mount_class is MountClass.SECRET}
    return [
        _vault_role(pool, each, engines[each.parent], roles)
        for each in pool.of("vault:aws/secretBackendRole:SecretBackendRole")
        if each.parent in engines
    ]


def _vault_role(
    pool: Pool, resource: Resource, mount: Mount, roles: Mapping[str, Role]
) -> VaultRole:
    values = resource.values
    name = str(values.get("name", resource.name))
    path = "/".join(part for part in (mount.namespace, mount.path, "creds", name) if part)
    makes_users = values.get("credentialType") == "iam_user"
    role = VaultRole(
        id=f"vault role {path}",
        mount=mount,
        urn=resource.urn,
        path=path,
        external_id=str(values.get("externalId") or ""),
    )
    # What narrows a session; of users it is the policy itself.
    session = None if makes_users else read_document(values.get("policyDocument"))
    facts = {"credential type": str(values.get("credentialType", "")), "read at": path}
    if session:
        facts["session policy"] = "; ".join(summed_up(grants([session])))
    if values.get("policyArns") and not makes_users:
        facts["session policies"] = ", ".join(values["policyArns"])
    pool.add(
        Node(
            id=role.id,
            kind=Kind.VAULT_ROLE,
            label=f"{mount.path}/creds/{name}",
            place=in_namespace(mount.namespace),
            says=("a session, no more than its session policy",) if session else (),
            facts={**facts, **_lengths(values)},
            document=session,
        )
    )
    pool.link(role.id, mount.id, "read at")
    if makes_users:
        _users(pool, role, resource, name)
    else:
        for arn in values.get("roleArns") or _needed_arns(resource, roles):
            _target(pool, role, str(arn), roles)
    return role


def _lengths(values: Mapping[str, Any]) -> dict[str, str]:
    said = {"defaultStsTtl": "seconds", "maxStsTtl": "seconds at most"}
    return {name: str(values[key]) for key, name in said.items() if values.get(key)}


def _needed_arns(resource: Resource, roles: Mapping[str, Role]) -> list[str]:
    needed = resource.needs.get("roleArns", ())
    return [role.arn for role in roles.values() if role.resource.urn in needed]


def _users(pool: Pool, role: VaultRole, resource: Resource, name: str) -> None:
    values = resource.values
    account = role.mount.role_arn.split(":")[4] if role.mount.role_arn.startswith("arn:") else ""
    partition = role.mount.role_arn.split(":")[1] if account else "aws"
    pattern = f"vault-*-{name}-*"
    arn = f"arn:{partition}:iam::{account}:user{values.get('userPath') or '/'}{pattern}"
    facts = {"ARN": arn}
    if values.get("permissionsBoundaryArn"):
        facts["permissions boundary"] = str(values["permissionsBoundaryArn"])
    id_ = pool.add(
        Node(
            id=arn,
            kind=Kind.IDENTITY,
            label=pattern,
            place=in_account(account),
            says=("a new IAM user",),
            facts=facts,
        )
    )
    rights = []
    if values.get("policyDocument"):
        document = read_document(values["policyDocument"])
        rights.append(add_rights(pool, id_, "inline policy", document, account))
    rights += [add_managed(pool, id_, arn) for arn in values.get("policyArns") or ()]
    rights += [
        add_managed(pool, id_, f"group {account} {group}", "joins")
        for group in values.get("iamGroups") or ()
    ]
    role.identities[id_] = tuple(rights)


def _target(pool: Pool, role: VaultRole, arn: str, roles: Mapping[str, Role]) -> None:
    known = roles.get(arn)
    if known is not None:
        role.identities[known.id] = tuple(known.rights)
        return
    id_ = pool.add(
        Node(
            id=arn,
            kind=Kind.IDENTITY,
            label=arn.rpartition("/")[2],
            place=in_account(arn.split(":")[4]) if arn.startswith("arn:") else "",
            says=("session of a role",),
            facts={"ARN": arn},
            remarks=("this role is made elsewhere: whom it trusts and what it may is not known",),
        )
    )
    role.identities[id_] = ()
