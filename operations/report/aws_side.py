"""The part of a graph that AWS decides: who is believed, what roles trust and may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation import trust
from federation.grants import allows, grants, listed
from operations.report.graph import Kind, Node
from operations.report.parts import Role
from operations.report.pool import external_id, in_account, read_document
from operations.report.rights import add_managed, add_rights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from operations.report.parts import Mount
    from operations.report.pool import Pool
    from operations.report.resources import Resource

ASSUME = "sts:AssumeRole"
UNTIL_MADE = "its trust is written while updating, for what the settings name"


def arn_of(pool: Pool, resource: Resource) -> str:
    """Return the ARN of a role, known by its name before it is made."""
    if "arn" in resource.values:
        return str(resource.values["arn"])
    path = resource.values.get("path") or "/"
    partition = pool.partition(resource.provider)
    return f"arn:{partition}:iam::{resource.provider}:role{path}{resource.values['name']}"


def read_roles(pool: Pool) -> dict[str, Role]:
    """Add the stack's IAM roles with what they may do; return them by ARN."""
    found: dict[str, Role] = {}
    for each in pool.of("aws:iam/role:Role"):
        arn, account = arn_of(pool, each), each.provider
        written = each.values.get("assumeRolePolicy")
        role = Role(
            id=arn,
            arn=arn,
            account=account,
            resource=each,
            trust=read_document(written),
            external_id=external_id(written),
        )
        pool.add(
            Node(
                id=arn,
                kind=Kind.IDENTITY if role.is_target else Kind.ROLE,
                label=str(each.values.get("name", each.name)),
                place=in_account(account),
                says=("session of a role",) if role.is_target else (),
                facts={"ARN": arn, **_boundary(each.values.get("permissionsBoundary"))},
                document=role.trust,
                remarks=() if role.trust else (UNTIL_MADE,),
            )
        )
        found[arn] = role
    _read_rights(pool, found)
    return found


def _read_rights(pool: Pool, roles: Mapping[str, Role]) -> None:
    by_name = {(role.account, pool.nodes[role.id].label): role for role in roles.values()}
    for each in pool.of("aws:iam/rolePolicy:RolePolicy"):
        role = by_name.get((each.provider, _role_name(pool, each)))
        if role is not None:
            document = read_document(each.values.get("policy"))
            name = str(each.values.get("name", each.name))
            role.rights.append(add_rights(pool, role.id, name, document, role.account))
            role.held += grants([document] if document else [])
    for each in pool.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        role = by_name.get((each.provider, _role_name(pool, each)))
        if role is not None and "policyArn" in each.values:
            role.rights.append(add_managed(pool, role.id, str(each.values["policyArn"])))


def _role_name(pool: Pool, policy: Resource) -> str:
    if "role" in policy.values:
        return str(policy.values["role"])
    needed = [pool.by_urn[urn] for urn in policy.needs.get("role", ()) if urn in pool.by_urn]
    return next((str(each.values.get("name")) for each in needed), "")


def _boundary(arn: object) -> dict[str, str]:
    return {"permissions boundary": str(arn)} if arn else {}


def read_providers(pool: Pool) -> dict[str, str]:
    """Add what the accounts believe of the issuers; return it by ARN, its node's id."""
    made = {
        each.name.removesuffix("-oidc"): each
        for each in pool.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    }
    found: dict[str, str] = {}
    for each in pool.of("IdentityProviderCheck"):
        name = each.name.removesuffix("-check")
        arn, account = str(each.values.get("provider_arn", "")), name.partition("/")[0]
        own = made.get(name)
        facts = {"ARN": arn, "kept by": "this stack" if own else "another stack"}
        if own:
            facts["thumbprints"] = ", ".join(map(str, own.values.get("thumbprintLists", ())))
        issuer = arn.partition(":oidc-provider/")[2]
        found[arn] = pool.add(
            Node(
                id=arn,
                kind=Kind.PROVIDER,
                label=issuer,
                place=in_account(account),
                facts={key: value for key, value in facts.items() if value},
            )
        )
    return found


def join_tokens(
    pool: Pool, mounts: Iterable[Mount], providers: Mapping[str, str], roles: Mapping[str, Role]
) -> None:
    """Lead from each token to the accounts that believe it and the roles that it may assume."""
    mounts = list(mounts)
    for each in pool.of("Audience"):
        name, _, audience = each.name.rpartition("-audience/")
        account, _, space = name.partition("/")
        path = "" if space == "root" else space
        for mount in mounts:
            if (mount.namespace, mount.audience) != (path, audience):
                continue
            for arn in providers:
                if f"::{account}:" in arn and arn.endswith(mount.issuer.removeprefix("https://")):
                    state = str(each.values.get("state", "signed and accepted"))
                    broken = "" if state == "signed and accepted" else f"its audience is {state}"
                    pool.link(mount.token, arn, "is believed by", broken)
    for role in roles.values():
        if role.trust is None:
            _promised(pool, role, mounts, providers)
        else:
            _judged(pool, role, mounts, providers)


def _promised(
    pool: Pool, role: Role, mounts: Iterable[Mount], providers: Mapping[str, str]
) -> None:
    for mount in mounts:
        if mount.parent == role.resource.parent:
            role.admits[mount.token] = ""
            for arn in providers:
                if (mount.token, arn) in pool.edges and f"::{role.account}:" in arn:
                    pool.link(arn, role.id, "lets in")


def _judged(pool: Pool, role: Role, mounts: Iterable[Mount], providers: Mapping[str, str]) -> None:
    federated = {
        str(arn)
        for statement in listed(role.trust.get("Statement"))
        for arn in listed((_principal(statement)).get("Federated"))
    }
    for mount in mounts:
        own = mount.parent == role.resource.parent
        arns = [arn for arn in federated if arn in providers and (mount.token, arn) in pool.edges]
        if not arns and not own:
            continue
        claims = {"iss": mount.issuer, "aud": mount.audience, "sub": mount.subject}
        failing = trust.explain(role.trust, mount.issuer, claims) if mount.subject else []
        if not own and (failing or not mount.subject):
            continue
        broken = f"the role's trust refuses the token: {failing[0]}" if failing else ""
        role.admits[mount.token] = broken
        for arn in arns or [arn for arn in providers if (mount.token, arn) in pool.edges]:
            pool.link(arn, role.id, "lets in", broken)


def _principal(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    principal = statement.get("Principal")
    return principal if isinstance(principal, dict) else {"AWS": principal} if principal else {}


def join_targets(pool: Pool, roles: Mapping[str, Role]) -> None:
    """Lead from whatever a role trusts at AWS to that role."""
    for role in roles.values():
        if role.trust is None:
            needed = role.resource.needs.get("assumeRolePolicy", ())
            for other in roles.values():
                if other.resource.urn in needed:
                    _let(pool, other.arn, role, roles)
            continue
        for statement in listed(role.trust.get("Statement")):
            actions = grants([{"Statement": {**statement, "Resource": "*"}}])
            if statement.get("Effect") == "Deny" and actions:
                pool.remark(role.id, "its trust also denies, which is not judged here")
            elif allows(actions, ASSUME, "*"):
                for principal in listed(_principal(statement).get("AWS")):
                    _let(pool, str(principal), role, roles)


def _let(pool: Pool, principal: str, role: Role, roles: Mapping[str, Role]) -> None:
    known = roles.get(principal)
    if known is not None:
        # Within an account it is enough that the trust names the role itself (IAM User Guide,
        # "Policy evaluation logic": resource-based policies).
        may = known.account == role.account or allows(known.held, ASSUME, role.arn)
        broken = "" if may else f"{pool.nodes[known.id].label} may not {ASSUME} on it"
        role.admits[known.id] = broken
        pool.link(known.id, role.id, "assumes", broken)
        return
    broken = ""
    if not principal.startswith("arn:") and principal != "*" and not principal.isdigit():
        broken = "the trust names a principal that was deleted; whoever was made anew is not let in"
        pool.remark(role.id, f"{broken}: {principal}")
    id_ = pool.add(
        Node(
            id=f"principal {principal}",
            kind=Kind.WHO,
            label="anybody at AWS" if principal == "*" else principal,
            says=("principal at AWS, without Vault",),
        )
    )
    role.admits[id_] = broken
    pool.link(id_, role.id, "assumes", broken)
