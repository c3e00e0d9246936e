"""The section vault: the cluster of the stack."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from federation import certificates, syntax
from settings.fields import NAMESPACE, Ownership, Seconds, WithoutRepeats, accepts, text
from settings.section import Section

_NO_HCP = rf"(?![^:]*{syntax.HCP_HOSTS.replace('.', '[.]')}(?::|$))"
_ISSUER_ADDRESS = rf"https://{_NO_HCP}{syntax.HOST.pattern}"
_ADDRESS = rf"{_ISSUER_ADDRESS}(:[0-9]+)?"
_PRINT = rf"(?!0+$|{certificates.THUMBPRINT_OF_NOTHING}){certificates.THUMBPRINT.pattern}"
_Print = Annotated[
    str, accepts(certificates.check_thumbprint, text(_PRINT, certificates.check_thumbprint))
]
_Sha256 = Annotated[
    str, accepts(certificates.check_sha256, text(certificates.SHA256, certificates.check_sha256))
]


class VaultSettings(Section):
    """The Vault cluster of the stack."""

    refused: ClassVar[Mapping[str, str]] = {
        "token": "is refused: Vault's token is read from VAULT_TOKEN and stored nowhere"
    }

    issuer_address: (
        Annotated[str, accepts(syntax.issuer_address, text(_ISSUER_ADDRESS, syntax.issuer_address))]
        | None
    ) = None
    """``https://host`` of Vault as AWS reaches it, if that is another than ``address``."""
    address: Annotated[str, accepts(syntax.address, text(_ADDRESS, syntax.address))]
    """``https://host`` of Vault, as this program reaches it; with a port only beside
    ``issuerAddress``."""
    issuer: Ownership = "managed"
    """``managed``: the stack sets the issuer; ``existing``: it uses the one there is."""
    thumbprints: Annotated[
        tuple[_Print, ...],
        Field(max_length=certificates.MOST_THUMBPRINTS),
        WithoutRepeats,
    ] = ()
    """What AWS is to know the issuer's certificates by, instead of those of the presented chain."""
    namespaces: Annotated[
        Mapping[str, Ownership], accepts(syntax.namespaces, {"propertyNames": NAMESPACE})
    ] = Field(default_factory=dict)
    """Whose the namespaces are, by path. ``managed``: the stack makes it, and in the end deletes
    it; ``existing``: it is there, as is one that is used and not listed."""
    ca_sha256: _Sha256 | None = None
    """SHA-256 that the last certificate of the presented chain must have."""
    protect: bool = False
    """Whether to refuse to delete the mounts, whose accessors AWS trusts."""
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
