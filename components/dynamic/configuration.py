"""What a mount really holds, against what was declared; and what its server is able to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clients.errors import VaultError, VaultUnreachableError
from components.dynamic import reach
from federation import identity, releases, servers
from federation.identity import MountClass
from federation.trouble import told

if TYPE_CHECKING:
    from clients.secrets_engine import SecretsEngine
    from clients.vault import HeldFederation, Vault
    from components.dynamic.base import Props
    from federation.trouble import Trouble

HELD = ("accessor", "audience", "role_arn", "token_ttl_seconds", "token_key")
"""Inputs that Vault itself can be asked for; named as in ``HeldFederation``."""

TEMPLATE = "username_template"
"""Another one, of a secrets engine only; not a reason to refuse, for it is written back."""

ABLE = "able to federate"
"""What is declared about the server; in its place a refresh puts what it lacks."""


def look(vault: Vault, declared: Props) -> HeldFederation | None:
    """Return what the mount holds; ``None`` where there is no mount.

    Raises:
        VaultError: Vault cannot be asked.
    """
    return vault.federation(MountClass(declared["mount_class"]), declared["path"])


def held(vault: Vault, declared: Props) -> Props:
    """Return what Vault holds in place of what was declared.

    Raises:
        VaultError: Vault cannot be asked.
    """
    mount = look(vault, declared)
    keys = (*HELD, TEMPLATE) if TEMPLATE in declared else HELD
    found = {key: getattr(mount, key, "") for key in keys}
    found["server"] = (
        _lacking(vault, declared) or _danger(vault, declared) or _fault(vault, declared) or ABLE
    )
    found["issuer"] = _issuer_published_at(declared["issuer"])
    return found


def problem(vault: Vault, declared: Props, found: HeldFederation | None) -> str:
    """Return how the mount found is not as declared, why, and what to do; empty if it is.

    An auth method that has never been given its signing key is given it.

    Raises:
        VaultError: Vault cannot be asked.
    """
    path, lacking = declared["path"], _lacking(vault, declared)
    if found is None:
        return (
            f"there is no mount at {path} in Vault at {declared['address']}; "
            "it was removed outside: run `pulumi up` again"
        )
    if lacking:
        return (
            f"Vault cannot federate the mount {path}: {lacking}; then run `pulumi up` again. "
            f"{_consequence(found)}"
        )
    found = _with_token_key(vault, found, declared)
    if danger := _danger(vault, declared):
        return f"the mount {path} would let strangers in: {danger}"
    if fault := _fault(vault, declared):
        return f"the mount {path} would be of no use: {fault}"
    return _difference(found, declared) or _issuer_problem(declared["issuer"])


def write_template(engine: SecretsEngine, template: str, found: HeldFederation | None) -> None:
    """Let a secrets engine name users by the template, if what was found does not.

    Raises:
        VaultError: Vault does not take it.
    """
    if found is None or found.username_template != template:
        engine.set_username_template(template)


def _difference(found: HeldFederation, declared: Props) -> str:
    path = declared["path"]
    differing = [key for key in HELD if getattr(found, key) != declared[key]]
    if not differing:
        return ""
    differences = "; ".join(
        f"{key}: Vault holds {getattr(found, key)!r}, declared is {declared[key]!r}"
        for key in differing
    )
    remedy = "run `pulumi up` again"
    if declared["mount_class"] == MountClass.AUTH and "token_key" in differing:
        # The official provider never reads it back, and so never writes it again.
        tune = identity.command("auth tune", declared["namespace"])
        remedy = f"type `{tune} -identity-token-key={declared['token_key']} {path}/`, then {remedy}"
    return (
        f"the mount {path} is not federated as declared ({differences}). "
        f"It was made anew, or another program or person writes its configuration: {remedy}"
    )


def _with_token_key(vault: Vault, found: HeldFederation, declared: Props) -> HeldFederation:
    """Give an auth method the signing key that it has never been given.

    The official provider leaves it out while it takes the server for one that cannot federate, and
    never writes it again. A key that somebody chose is left as it is, and told.
    """
    if declared["mount_class"] != MountClass.AUTH or found.token_key:
        return found
    vault.set_token_key(declared["path"], declared["token_key"])
    return replace(found, token_key=declared["token_key"])


def _consequence(found: HeldFederation) -> str:
    if found.audience and found.role_arn:
        return "What the mount holds is still right, but no change of it would reach Vault."
    return (
        "Until then the mount holds no audience and no role ARN, and Vault would use whatever AWS "
        "keys are in its environment."
    )


def _version(vault: Vault) -> str:
    return reach.lately(("version", vault.address), vault.version)


def _lacking(vault: Vault, declared: Props) -> str:
    """Say why the provider would drop audience and role ARN, and the remedy; empty if it would not.

    Raises:
        VaultUnreachableError: Vault does not answer.
    """
    try:
        version = _version(vault)
    except VaultUnreachableError:
        raise
    except VaultError as error:
        return str(servers.hidden(str(error)))
    return told(servers.lacking(version, MountClass(declared["mount_class"])))


def _danger(vault: Vault, declared: Props) -> str:
    """Say whom the server would let in beside those declared, and the remedy; empty if nobody.

    Raises:
        VaultError: the version cannot be read.
    """
    if not declared.get("confusable"):
        return ""
    return _again(servers.danger(_version(vault), declared["confusable"]))


def _fault(vault: Vault, declared: Props) -> str:
    """Say what of the mount the server's release cannot do, and the remedy; empty if nothing.

    Raises:
        VaultError: the version cannot be read.
    """
    if not any(declared.get(fault.needed_by) for fault in releases.FAULTS):
        return ""
    return _again(servers.fault(_version(vault), declared))


def _again(trouble: Trouble | None) -> str:
    return f"{trouble}; then run `pulumi up` again" if trouble else ""


def _issuer_problem(issuer: str) -> str:
    """Check what AWS will read: the discovery document names the issuer, its keys are served."""
    from clients.vault import public_document  # noqa: PLC0415 - the program itself never needs it

    # Not what a refresh found: the issuer may have been set since.
    named = reach.lately(("verified issuer", issuer), lambda: _issuer_named_at(issuer))
    if named != issuer:
        return (
            f"the discovery document at {identity.discovery_url(issuer)} names the issuer "
            f"{named!r}, AWS expects {issuer!r}: check vault.issuerAddress in the settings, and "
            "whether something in between rewrites the document"
        )
    url = identity.keys_url(issuer)
    if not reach.lately(("keys", url), lambda: public_document(url)).get("keys"):
        return f"{url} serves no keys, so AWS could verify no token: check Vault"
    return ""


def _issuer_named_at(issuer: str) -> str:
    from clients.vault import public_document  # noqa: PLC0415 - as above

    return str(public_document(identity.discovery_url(issuer)).get("issuer", ""))


def _issuer_published_at(issuer: str) -> str:
    """Return the issuer that AWS would read; empty where AWS would read none."""
    try:
        return reach.lately(("issuer", issuer), lambda: _issuer_named_at(issuer))
    except VaultUnreachableError:
        raise
    except VaultError:
        return ""
