"""What an AWS account has room for, beside what the stack is about to take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation import documents, names
from federation.quotas import AUDIENCES, IDENTITY_PROVIDERS, MANAGED_POLICIES, ROLES, Use
from operations.doctor.rows import broken, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.deployer import Deployer
    from operations.doctor.patient import Patient
    from operations.doctor.rows import Row
    from settings import AccountSettings

_ROLE = "aws:iam/role:Role"
_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


def rows(patient: Patient, account: AccountSettings, deployer: Deployer) -> Iterator[Row]:
    """Tell of each quota that the stack takes from; those with enough room in one row.

    Raises:
        AwsError: refused, or unreachable.
    """
    enough = []
    for use in uses(patient, account, deployer):
        what = f"account {account.name}, quota of {use.what}"
        told = f"{use.total} of {use.most} {use.what}" + (f", {use.more} new" if use.more else "")
        if use.exceeded and use.certain:
            yield broken(what, told, "Have AWS raise it, if AWS does, or spread the stack")
        elif use.exceeded:
            yield warn(what, told, "Have AWS raise it, unless it has; no call of IAM's tells it")
        elif use.nearly:
            yield warn(what, told, "Make room, or have AWS raise it, before it is used up")
        else:
            enough.append(told)
    if enough:
        yield ok(f"account {account.name}, quotas", "; ".join(enough))


def uses(patient: Patient, account: AccountSettings, deployer: Deployer) -> Iterator[Use]:
    """Count what the stack takes from, in one account.

    Raises:
        AwsError: refused, or unreachable.
    """
    told = deployer.summary()
    roles = set(_roles(patient, account))
    yield Use(
        what="IAM roles",
        held=told.get("Roles", 0),
        more=len(roles - patient.ids(_ROLE)),
        most=told.get("RolesQuota", ROLES),
    )
    if "UsersQuota" in told:  # each lease of an iam_user role is one
        yield Use(what="IAM users", held=told.get("Users", 0), most=told["UsersQuota"])
    yield from _providers(patient, account, deployer)
    yield from _sizes(patient, account, dict(told))


def _roles(patient: Patient, account: AccountSettings) -> Iterator[str]:
    settings = patient.settings
    for mount in settings.mounts:
        if mount.account == account.name:
            yield settings.mount_names(mount).role_arn
    for name, target in settings.target_roles.items():
        if target.account == account.name:
            yield settings.target_names(name).role_arn


def _providers(patient: Patient, account: AccountSettings, deployer: Deployer) -> Iterator[Use]:
    settings = patient.settings
    federations = {
        names.provider_arn(account.partition, account.id, settings.issuer(path)): audiences
        for (holder, path), audiences in settings.federations.items()
        if holder == account.name
    }
    if account.identity_provider == "managed":
        yield Use(
            what="identity providers",
            held=deployer.identity_providers(),
            more=len(federations.keys() - patient.ids(_PROVIDER)),
            most=IDENTITY_PROVIDERS,
            certain=False,
        )
    for arn, audiences in federations.items():
        there = deployer.audiences(arn) or frozenset()
        issuer = arn.partition(":oidc-provider/")[2]
        yield Use(
            what=f"audiences of {issuer}",
            held=len(there),
            more=len(set(audiences) - there),
            most=AUDIENCES,
        )


def _sizes(patient: Patient, account: AccountSettings, told: dict[str, int]) -> Iterator[Use]:
    """The settings refuse what exceeds the quotas as they are known; AWS may have others."""
    settings = patient.settings
    sizes = [
        sum(map(documents.size, mount.inline_policies(settings.mount_names(mount)).values()))
        for mount in settings.mounts
        if mount.account == account.name
    ]
    attached = [
        len(target.managed_policies)
        for target in settings.target_roles.values()
        if target.account == account.name
    ]
    yield Use(
        what="characters of a role's inline policies",
        held=max(sizes, default=0),
        most=told.get("RolePolicySizeQuota", documents.INLINE_POLICIES_OF_ROLE),
    )
    if any(attached):
        yield Use(
            what="managed policies of a role",
            held=max(attached),
            most=told.get("AttachedPoliciesPerRoleQuota", MANAGED_POLICIES),
        )
