"""The shape of the settings: strict frozen models, each rule at the field it is about.

A model knows what one section can tell by itself; what sections say about each other is checked
in ``checks.py``. Messages begin with a verb, for key and value stand before them.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from federation import certificates, syntax

Ownership = Literal["managed", "existing"]
"""``managed``: this stack makes, changes and deletes it. ``existing``: it only uses it."""

T = TypeVar("T")


def accepts(check: Callable[[T], None]) -> AfterValidator:
    """Turn a check of the domain into a validator."""

    def validate(value: T) -> T:
        check(value)
        return value

    return AfterValidator(validate)


def without_repeats(values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list that holds an entry twice."""
    if len(set(values)) != len(values):
        raise ValueError("must not hold an entry twice")
    return values


Thumbprint = Annotated[str, accepts(certificates.check_thumbprint)]
LeaseSeconds = Annotated[int, Field(ge=60, le=31_536_000)]


def not_below_default(seconds: int, info: ValidationInfo) -> int:
    """Check a longest time against the default one beside it."""
    default = info.data.get("default_ttl_seconds")
    if default is not None and seconds < default:
        raise ValueError(f"must be at least defaultTtlSeconds, {default}")
    return seconds


class Section(BaseModel):
    """A part of the settings; it also knows which keys people expect in vain, and why."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        hide_input_in_errors=True,
    )
    refused: ClassVar[Mapping[str, str]] = {}


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
        tuple[Thumbprint, ...],
        Field(max_length=certificates.MOST_THUMBPRINTS),
        AfterValidator(without_repeats),
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
    key_rotation_seconds: Annotated[int, Field(ge=60)] = 86_400
    """How long a key signs before the next one does."""
    key_verification_seconds: Annotated[int, Field(ge=60, validate_default=True)] = 86_400
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
