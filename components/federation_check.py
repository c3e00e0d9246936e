"""What Vault really holds, against what was declared."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, ResourceProvider, UpdateResult

from federation import identity
from federation.identity import MountClass

if TYPE_CHECKING:
    from clients.vault import Vault
    from federation.names import MountNames

FIRST_RELEASE = {MountClass.SECRET: (1, 16), MountClass.AUTH: (1, 17)}
"""First Vault Enterprise release whose mounts of each class the official provider federates."""

HELD = ("accessor", "audience", "role_arn", "token_ttl_seconds", "token_key")
"""Inputs that Vault itself can be asked for; named as in ``HeldFederation``."""

INPUTS = ("address", "namespace", "path", "mount_class", "issuer", *HELD)

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


class _FederationCheckProvider(ResourceProvider):
    """Verifies on create and update; module path and class name stand in the state.

    Where Vault is Community edition, too old, or hides its version, the official provider drops
    audience and role ARN without a word, and update, refresh and preview all agree that all is
    well. Nothing else in the program would notice.
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
            held |= {key: getattr(mount, key, "") for key in HELD}
            held["issuer"] = _issuer_named_at(props["issuer"])
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
            "accessor": args.accessor,
            "audience": args.audience,
            "role_arn": args.role_arn,
            "issuer": args.issuer,
            "token_key": args.token_key,
            "token_ttl_seconds": args.token_ttl_seconds,
        }
        super().__init__(_FederationCheckProvider(), name, props, opts)


def _verify(props: dict[str, Any]) -> None:
    path, mount_class = props["path"], MountClass(props["mount_class"])
    with _vault(props) as vault:
        held = vault.federation(mount_class, path)
        if held is None:
            raise FederationError(
                f"there is no mount at {path} in Vault at {props['address']}; "
                "it was removed outside: run `pulumi up` again"
            )
        differing = [key for key in HELD if getattr(held, key) != props[key]]
        if not differing:
            return _verify_issuer(props["issuer"])
        told = "; ".join(
            f"{key}: Vault holds {getattr(held, key)!r}, declared is {props[key]!r}"
            for key in differing
        )
        dropped = not held.audience and not held.role_arn
        why = _why_dropped(vault, mount_class) if dropped else _why_different(differing)
    raise FederationError(f"the mount {path} is not federated as declared ({told}). {why}")


def _why_different(differing: list[str]) -> str:
    if "accessor" in differing:
        return "The mount was created anew outside of Pulumi: run `pulumi up` again."
    return "Another program or person writes this mount's configuration: run `pulumi up` again."


def _why_dropped(vault: Vault, mount_class: MountClass) -> str:
    """Say why audience and role ARN never reached Vault, as far as its version tells."""
    from clients.vault import VaultError  # noqa: PLC0415 - as above

    consequence = "Without them Vault would use whatever AWS keys are in its environment."
    try:
        version = vault.version()
    except VaultError as error:
        return (
            f"Vault's version cannot be read ({error}), and without it the provider drops both "
            f"silently: let /v1/sys/seal-status through. {consequence}"
        )
    number, _, metadata = version.partition("+")
    first = FIRST_RELEASE[mount_class]
    if "ent" not in metadata:
        return (
            f"This is Vault {version}, Community edition; plugin workload identity federation "
            f"needs Vault Enterprise. {consequence}"
        )
    if not re.fullmatch(r"\d+\.\d+\.\d+", number) or _release(number) < first:
        return (
            f"This is Vault {version}; the provider federates this kind of mount from release "
            f"{first[0]}.{first[1]} on, pre-releases excluded: upgrade Vault. {consequence}"
        )
    return f"Something has cleared them: run `pulumi up` again. {consequence}"


def _release(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split(".")[:2])


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


def _vault(props: dict[str, Any]) -> Vault:
    from clients.vault import Vault  # noqa: PLC0415 - as above

    return Vault(props["address"], props["namespace"])


def _declared(props: dict[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in INPUTS}
