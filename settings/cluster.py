"""The section vault: the cluster of the stack."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from federation import certificates, syntax
from settings.fields import Ownership, Seconds, WithoutRepeats, accepts
from settings.section import Section


class VaultSettings(Section):
    """The Vault cluster of the stack."""

    refused: ClassVar[Mapping[str, str]] = {
        "token": "is refused: Vault's token is read from VAULT_TOKEN and stored nowhere"
    }

    issuer_address: Annotated[str, accepts(syntax.issuer_address)] | None = None
    """Address under which AWS reaches Vault, if it is another than :attr:`address`."""
    address: Annotated[str, accepts(syntax.address)]
    """Address under which this program reaches Vault."""
    issuer: Ownership = "managed"
    thumbprints: Annotated[
        tuple[Annotated[str, accepts(certificates.check_thumbprint)], ...],
        Field(max_length=certificates.MOST_THUMBPRINTS),
        WithoutRepeats,
    ] = ()
    """Pinned thumbprints; if empty, taken from the chain that the issuer's host presents."""
    namespaces: Annotated[Mapping[str, Ownership], accepts(syntax.namespaces)] = Field(
        default_factory=dict
    )
    """Whose the namespaces are, by path; one that is used but not listed is ``existing``."""
    ca_sha256: Annotated[str, accepts(certificates.check_sha256)] | None = None
    """SHA-256 that the last certificate of that chain must have."""
    protect: bool = False
    """Whether Pulumi refuses to delete the mounts, whose accessors AWS trusts."""
    key_rotation_seconds: Seconds = 86_400
    """How long a key signs before the next one does."""
    key_verification_seconds: Annotated[Seconds, Field(validate_default=True)] = 86_400
    """How long a key stays published after that."""

    @property
    def public_address(self) -> str:
        """The address that the issuer begins with."""
        return self.issuer_address or self.address

    @field_validator("address")
    @classmethod
    def _port_needs_issuer_address(cls, address: str, info: ValidationInfo) -> str:
        if info.data.get("issuer_address", "") is None and syntax.has_port(address):
            raise ValueError(
                "must have no port, for AWS takes no issuer with one; if AWS reaches Vault under "
                "an address without port, set issuerAddress"
            )
        return address

    @field_validator("ca_sha256")
    @classmethod
    def _either_thumbprints_or_ca(cls, ca_sha256: str | None, info: ValidationInfo) -> str | None:
        if ca_sha256 and info.data.get("thumbprints"):
            raise ValueError("must be left out with thumbprints: then no chain is fetched")
        return ca_sha256

    @field_validator("key_verification_seconds")
    @classmethod
    def _verification(cls, seconds: int, info: ValidationInfo) -> int:
        """Vault refuses more (Identity secrets engine API, "Create a named key")."""
        rotation = info.data.get("key_rotation_seconds")
        if rotation and seconds > 10 * rotation:
            raise ValueError(f"must be at most {10 * rotation}, ten times keyRotationSeconds")
        return seconds
