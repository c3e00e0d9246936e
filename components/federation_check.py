"""What Vault really holds, against what was declared."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, ResourceProvider, UpdateResult

from federation import identity, releases
from federation.identity import MountClass

if TYPE_CHECKING:
    from clients.vault import HeldFederation, Vault
    from federation.names import MountNames

FIRST_RELEASE = {MountClass.SECRET: (1, 16), MountClass.AUTH: (1, 17)}
"""First Vault Enterprise release whose mounts of each class the official provider federates."""

HELD = ("accessor", "audience", "role_arn", "token_ttl_seconds", "token_key")
"""Inputs that Vault itself can be asked for; named as in ``HeldFederation``."""

ABLE = "able to federate"
"""What is declared about the server; in its place a refresh puts what it lacks."""

INPUTS = ("address", "namespace", "path", "mount_class", "server", "confusable", "issuer", *HELD)

log = logging.getLogger(__name__)


class FederationError(Exception):
    """A mount is not federated as declared; the message says how, why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FederationCheckArgs:
    """Everything that must be true before the mount's roles mean anything."""

    address: str
    """Address of Vault."""
    names: MountNames
    """Namespace and class of the mount."""
    path: str
    """Path of the mount."""
    accessor: pulumi.Input[str]
    """The accessor that the trust policy names."""
    audience: str
    """The ``aud`` claim."""
    role_arn: pulumi.Input[str]
    """The IAM role."""
    issuer: pulumi.Input[str]
    """The ``iss`` claim."""
    token_key: pulumi.Input[str]
    """Name of the signing key."""
    token_ttl_seconds: int
    """Lifetime of a plugin token."""
    confusable: str = ""
    """What a server that confuses accounts would let in; see ``federation.logins.confusable``."""


class _FederationCheckProvider(ResourceProvider):
    """Verifies on create and update; module path and class name stand in the state.

    Where Vault is Community edition, too old, or hides its version, the official provider drops
    audience and role ARN without a word, and update, refresh and preview all agree that all is
    well. Nothing else in the program would notice, also not when a server becomes so later.
    """

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Verify, or fail with cause and remedy."""
        _verify(props)
        return CreateResult(f"{props['mount_class']}/{props['path']}", _declared(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Verify again, or fail with cause and remedy."""
        _verify(news)
        return UpdateResult(_declared(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Put what Vault holds in place of what was declared, so that the next diff shows it.

        Never raises: it runs before every update and destroy, also before the one that mends.
        """
        from clients.vault import VaultError  # noqa: PLC0415 - the program itself never needs it

        held = _declared(props)
        try:
            with _vault(props) as vault:
                mount = vault.federation(MountClass(props["mount_class"]), props["path"])
                held["server"] = _lacking(vault, held) or _danger(vault, held) or ABLE
            held |= {key: getattr(mount, key, "") for key in HELD}
            held["issuer"] = _issuer_published_at(props["issuer"])
        except VaultError as error:
            log.warning("the federation of %s was not looked up: %s", props["path"], error)
        return ReadResult(id_, held, inputs=held)


class FederationCheck(pulumi.dynamic.Resource, module="vaultwif", name="FederationCheck"):
    """Stands between a mount's configuration and its roles, and lets only a true one through.

    Vault without its part of the federation would use AWS keys from its environment instead; this
    fails the update before a role is made.
    """

    role_arn: pulumi.Output[str]
    """The IAM role, known once the mount is known to use it."""

    def __init__(
        self, name: str, args: FederationCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "address": args.address,
            "namespace": args.names.namespace,
            "path": args.path,
            "mount_class": args.names.mount_class.value,
            "server": ABLE,
            "accessor": args.accessor,
            "audience": args.audience,
            "role_arn": args.role_arn,
            "issuer": args.issuer,
            "token_key": args.token_key,
            "token_ttl_seconds": args.token_ttl_seconds,
            **({"confusable": args.confusable} if args.confusable else {}),
        }
        super().__init__(_FederationCheckProvider(), name, props, opts)


def _verify(props: dict[str, Any]) -> None:
    path, declared = props["path"], _declared(props)
    with _vault(props) as vault:
        held = vault.federation(MountClass(props["mount_class"]), path)
        lacking = _lacking(vault, declared)
        if held and not lacking:
            held = _with_token_key(vault, held, declared)
        danger = "" if lacking else _danger(vault, declared)
    if held is None:
        raise FederationError(
            f"there is no mount at {path} in Vault at {props['address']}; "
            "it was removed outside: run `pulumi up` again"
        )
    if lacking:
        raise FederationError(
            f"Vault cannot federate the mount {path}: {lacking}; then run `pulumi up` again. "
            f"{_consequence(held)}"
        )
    if danger:
        raise FederationError(f"the mount {path} would let strangers in: {danger}")
    differing = [key for key in HELD if getattr(held, key) != declared[key]]
    if differing:
        told = "; ".join(
            f"{key}: Vault holds {getattr(held, key)!r}, declared is {declared[key]!r}"
            for key in differing
        )
        remedy = "run `pulumi up` again"
        if declared["mount_class"] == MountClass.AUTH and "token_key" in differing:
            # The official provider never reads it back, and so never writes it again.
            key = declared["token_key"]
            tune = identity.command("auth tune", declared["namespace"])
            remedy = f"type `{tune} -identity-token-key={key} {path}/`, then {remedy}"
        raise FederationError(
            f"the mount {path} is not federated as declared ({told}). "
            f"It was made anew, or another program or person writes its configuration: {remedy}"
        )
    _verify_issuer(props["issuer"])
    if declared["mount_class"] == MountClass.AUTH:
        _verify_reach(declared)


def _with_token_key(vault: Vault, held: HeldFederation, declared: dict[str, Any]) -> HeldFederation:
    """Give an auth method the signing key that it has never been given.

    The official provider leaves it out while it takes the server for one that cannot federate, and
    never writes it again. A key that somebody chose is left as it is, and told.
    """
    if declared["mount_class"] != MountClass.AUTH or held.token_key:
        return held
    vault.set_token_key(declared["path"], declared["token_key"])
    return replace(held, token_key=declared["token_key"])


def _verify_reach(declared: dict[str, Any]) -> None:
    from clients.auth_method import AuthMethod  # noqa: PLC0415 - as above
    from components.federation_probe import await_reach  # noqa: PLC0415 - as above

    path = declared["path"]
    with AuthMethod(declared["address"], declared["namespace"], path) as method:
        trouble = await_reach(method, declared["role_arn"])
    if trouble:
        raise FederationError(
            f"the mount {path} is of no use: {trouble}; then run `pulumi up` again"
        )


def _consequence(held: HeldFederation) -> str:
    if held.audience and held.role_arn:
        return "What the mount holds is still right, but no change of it would reach Vault."
    return (
        "Until then the mount holds no audience and no role ARN, and Vault would use whatever AWS "
        "keys are in its environment."
    )


def _lacking(vault: Vault, declared: dict[str, Any]) -> str:
    """Say why the provider would drop audience and role ARN, and the remedy; empty if it would not.

    Raises:
        VaultUnreachableError: Vault does not answer.
    """
    from clients.vault import VaultError, VaultUnreachableError  # noqa: PLC0415 - as above

    try:
        version = vault.version()
    except VaultUnreachableError:
        raise
    except VaultError as error:
        return (
            f"its version is hidden ({error}), and without it the provider drops audience and role "
            "ARN silently: let GET /v1/sys/seal-status through"
        )
    if not version:
        return (
            "its version is redacted, and without it the provider drops audience and role ARN "
            "silently: take redact_version out of the listener's configuration"
        )
    release, earliest = releases.parse(version), FIRST_RELEASE[MountClass(declared["mount_class"])]
    first = ".".join(map(str, earliest))
    if "ent" not in version.partition("+")[2]:
        return (
            f"it is {version}, not Enterprise, and plugin workload "
            f"identity federation needs Vault Enterprise {first} or later: use such a Vault"
        )
    if release is None or not release.at_least(*earliest):
        return (
            f"it is {version}, and the provider federates this kind of mount from release {first} "
            "on: upgrade Vault"
        )
    return ""


def _danger(vault: Vault, declared: dict[str, Any]) -> str:
    """Say whom the server would let in beside those declared, and the remedy; empty if nobody.

    Raises:
        VaultError: the version cannot be read.
    """
    if not declared.get("confusable"):
        return ""
    version = vault.version()
    release = releases.parse(version)
    if release and not release.confuses_accounts:
        return ""
    return (
        f"Vault is {version or 'of a hidden version'}, open to CVE-2025-11621, and with "
        f"{declared['confusable']} it would take principals of other accounts for those that are "
        f"bound. Upgrade Vault (fixed in {releases.AWS_LOGIN_FIXED}), or bind exact principals, "
        "each name in one account; then run `pulumi up` again"
    )


def _verify_issuer(issuer: str) -> None:
    """Check what AWS will read: the discovery document names the issuer, its keys are served."""
    from clients.vault import public_document  # noqa: PLC0415 - as above

    named = _issuer_named_at(issuer)
    if named != issuer:
        raise FederationError(
            f"the discovery document at {identity.discovery_url(issuer)} names the issuer "
            f"{named!r}, AWS expects {issuer!r}: check vault.issuerAddress in the settings, and "
            "whether something in between rewrites the document"
        )
    url = identity.keys_url(issuer)
    if not public_document(url).get("keys"):
        raise FederationError(f"{url} serves no keys, so AWS could verify no token: check Vault")


def _issuer_named_at(issuer: str) -> str:
    from clients.vault import public_document  # noqa: PLC0415 - as above

    return str(public_document(identity.discovery_url(issuer)).get("issuer", ""))


def _issuer_published_at(issuer: str) -> str:
    """Return the issuer that AWS would read; empty where AWS would read none."""
    from clients.vault import VaultError, VaultUnreachableError  # noqa: PLC0415 - as above

    try:
        return _issuer_named_at(issuer)
    except VaultUnreachableError:
        raise
    except VaultError:
        return ""


def _vault(props: dict[str, Any]) -> Vault:
    from clients.vault import Vault  # noqa: PLC0415 - as above

    return Vault(props["address"], props["namespace"])


def _declared(props: dict[str, Any]) -> dict[str, Any]:
    # What an earlier program did not declare is not in the state that it left.
    declared = {key: props[key] for key in INPUTS if key in props}
    # A number arrives as a float, which nobody declared; that of a mount gone for long as empty.
    return declared | {"token_ttl_seconds": int(props["token_ttl_seconds"] or 0)}
