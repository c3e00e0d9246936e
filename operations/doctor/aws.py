"""An AWS account: who deploys there, what that one may do, whose the identity providers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.deployer import Deployer
from clients.errors import AwsError, SignInError
from federation import names, ownership
from operations.doctor import quotas
from operations.doctor.rows import broken, judged, ok, unknown, warn
from settings.rights import needed_at_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.deployer import Denial
    from operations.doctor.patient import Patient
    from operations.doctor.rows import Row
    from settings import AccountSettings

MOST_TOLD = 8
"""Refused actions that are told one by one; who lacks more, lacks a policy."""


def account(patient: Patient, name: str) -> Iterator[Row]:
    """Tell of one account whatever an update would stumble over.

    Args:
        patient: The stack.
        name: Name of the account in the settings.
    """
    declared = patient.settings.accounts[name]
    where = f"account {name}"
    try:
        deployer = Deployer(declared.access)
    except SignInError as error:
        setting = ".".join(filter(None, ("accounts", name, error.setting)))
        yield broken(f"{where}, identity", str(error), f"Sign in to it; {setting} says how")
        told = "rights, what the settings name, identity providers and quotas were not looked at"
        yield unknown(f"{where}, everything else", told, "Sign in first")
        return
    yield ok(f"{where}, identity", f"{deployer.caller}, in {declared.id}")
    for what, look in (
        ("rights to deploy", _rights),
        ("what the settings name", _named),
        ("identity providers", _providers),
        ("quotas", quotas.rows),
    ):
        try:
            yield from look(patient, declared, deployer)
        except AwsError as error:
            yield unknown(f"{where}, {what}", str(error), "Give whoever deploys the right to ask")


def _rights(patient: Patient, declared: AccountSettings, deployer: Deployer) -> Iterator[Row]:
    what, caller = f"account {declared.name}, rights to deploy", deployer.caller
    needed = needed_at_aws(patient.settings, declared.name)
    if caller.endswith(":root"):
        yield ok(what, "the root user may do everything; it should deploy nothing")
        return
    principal = deployer.principal()
    if not principal.split(":", 5)[5].startswith(("user/", "role/")):
        fix = "Deploy as a role, or go without this answer"
        yield unknown(what, f"AWS simulates users and roles, and {caller} is neither", fix)
        return
    try:
        denied = deployer.denied(principal, needed)
    except AwsError as error:
        fix = "Allow iam:SimulatePrincipalPolicy on it, and iam:GetRole; or go without this answer"
        yield unknown(what, str(error), fix)
        return
    certain = [each for each in denied if each.certain]
    if certain:
        fix = f"Allow it to {principal}; policies/aws/deploy.json is the pattern"
        yield broken(what, f"{principal} may not {_told(certain)}", fix)
    elif denied:
        fix = "Look at the condition; a simulation does not know what the call will say"
        yield unknown(what, f"{principal} may perhaps not {_told(denied)}", fix)
    else:
        count = sum(map(len, needed.values()))
        yield ok(what, f"{principal} may do all {count} that is needed, by simulation")


def _told(denied: list[Denial]) -> str:
    lines = [f"{each.action} on {each.resource} ({each.why})" for each in denied[:MOST_TOLD]]
    more = len(denied) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def _named(patient: Patient, declared: AccountSettings, deployer: Deployer) -> Iterator[Row]:
    what = f"account {declared.name}, what the settings name"
    named = patient.settings.named(declared.name)
    known = patient.remembered("AccountCheck", account_id=declared.id).get("named") or {}
    sound = True
    for arn, setting in sorted(named.items()):
        found = deployer.there(arn)
        if found == arn:
            continue
        meant = f"; did you mean {found}?" if found else ""
        if arn in known:
            fix = "Make it again, or take it out; an update that does not touch it goes on"
            yield warn(what, f"{setting}: {arn} is gone since the last update{meant}", fix)
        else:
            yield broken(what, f"{setting}: there is no {arn}{meant}", "Make it first")
        sound = False
    if named and sound:
        yield ok(what, f"is there: {', '.join(sorted(named))}")


def _providers(patient: Patient, declared: AccountSettings, deployer: Deployer) -> Iterator[Row]:
    settings = patient.settings
    for holder, path in settings.federations:
        if holder != declared.name:
            continue
        what = f"account {holder}, identity provider of {path or 'root'}"
        arn = names.provider_arn(declared.partition, declared.id, settings.issuer(path))
        wanted = declared.identity_provider
        there = deployer.audiences(arn) is not None
        before = patient.remembered("IdentityProviderCheck", provider_arn=arn)
        owned = before.get("ownership") == ownership.MANAGED
        sound = f"{wanted}, and {'there' if there else 'made by this update'}"
        trouble = ownership.identity_provider(arn, wanted, there=there, owned=owned)
        yield judged(what, trouble, sound)
