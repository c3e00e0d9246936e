"""The section humanLogins: logins for people, by OpenID Connect."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field

from federation import identity, syntax
from settings.fields import Namespace, WithoutRepeats, accepts, at_least_one, not_below
from settings.problems import Key, Problems
from settings.section import Entry

LONGEST_TOKEN = 43_200
"""In seconds: a working day. People log in again; a token is not a thing to keep."""

_DISCOVERY = re.compile(r"https://[a-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~%/-]*)?")
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,255}")
_CLAIM = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,255}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}")
_AWS_ROLE = re.compile(r"[^/]+/[^/]+")


def check_group(group: str) -> None:
    """Check the name of a group as the identity provider tells it.

    No outer blanks, because Vault's provider strips the allowed values of a claim of them.

    Raises:
        ValueError: Saying what is allowed.
    """
    if not group or group != group.strip() or not group.isprintable():
        raise ValueError(
            f"group {group!r} must be what the groups claim says, "
            "without outer blanks and control characters"
        )


def _discovery_url(url: str) -> None:
    if not _DISCOVERY.fullmatch(url):
        raise ValueError("must be https://host[:port][/path], without user, query and fragment")
    if "/.well-known/" in url:
        raise ValueError("must be the issuer itself, without /.well-known/openid-configuration")


def _matches(pattern: re.Pattern[str], allowed: str) -> AfterValidator:
    def check(value: str) -> None:
        if not pattern.fullmatch(value):
            raise ValueError(f"must be {allowed}")

    return accepts(check)


_AwsRole = Annotated[str, _matches(_AWS_ROLE, "<secrets engine>/<Vault role>, both by name")]
_Scope = Annotated[str, _matches(_SCOPE, "an OAuth scope: visible characters except quotes and \\")]
_TokenSeconds = Annotated[int, Field(ge=60, le=LONGEST_TOKEN)]


class PeopleGroupSettings(Entry):
    """A group of the identity provider, and what its people may read."""

    check_name = check_group

    aws_roles: Annotated[
        tuple[_AwsRole, ...],
        WithoutRepeats,
        at_least_one("; who may read nothing need not log in"),
    ]


class HumanLoginSettings(Entry):
    """One mount of the OIDC auth method."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("clientSecret", "secret"),
        "is refused: it would stand in the clear; it belongs into the secret humanLoginSecrets",
    )

    discovery_url: Annotated[str, accepts(_discovery_url)]
    """Issuer of the identity provider, byte for byte as its tokens name it."""
    client_id: Annotated[str, _matches(_CLIENT_ID, "1 to 255 visible ASCII characters")]
    own_path: Annotated[str, accepts(syntax.auth_path)] | None = Field(default=None, alias="path")
    namespace: Namespace = identity.ROOT_NAMESPACE
    groups_claim: Annotated[
        str, _matches(_CLAIM, "the name of a claim, or a JSON pointer to it")
    ] = "groups"
    scopes: Annotated[tuple[_Scope, ...], WithoutRepeats] = ()
    """What to ask the identity provider for beyond ``openid``."""
    token_ttl_seconds: _TokenSeconds = 3_600
    """How long a Vault token lives if it is not renewed."""
    token_max_ttl_seconds: Annotated[
        _TokenSeconds, Field(validate_default=True), not_below("token_ttl_seconds")
    ] = 14_400
    """How long a Vault token lives at most."""
    groups: Mapping[str, PeopleGroupSettings] = Field(default_factory=dict)

    @classmethod
    def model_for(cls, key: Key, problems: Problems) -> type[Self] | None:
        """Note that nobody may log in."""
        if not problems.written((*key, "groups")):
            problems.add((*key, "groups"), "must hold at least one; else nobody may log in")
        return cls

    @property
    def path(self) -> str:
        """Path of the mount; the login's key if left out."""
        return self.own_path or self.name

    @property
    def aws_roles(self) -> tuple[str, ...]:
        """Every Vault role that some group may read, as ``<engine>/<role>``."""
        return tuple(sorted({role for group in self.groups.values() for role in group.aws_roles}))
