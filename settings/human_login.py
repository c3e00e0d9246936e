"""The section humanLogins: logins for people, by OpenID Connect."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from federation import identity
from federation.people import IdentityProvider
from settings.fields import (
    AuthPath,
    Namespace,
    WithoutRepeats,
    accepts,
    at_least_one,
    needs,
    not_below,
    text,
)
from settings.problems import Key, Problems
from settings.section import Entry

LONGEST_TOKEN = 43_200
"""In seconds: a working day. People log in again; a token is not a thing to keep."""

_DISCOVERY = re.compile(r"https://[a-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~%/-]*)?")
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,255}")
_CLAIM = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,255}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}")
_MAIL = re.compile(r"[a-z0-9._%+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GROUP_NAMES = {
    "entra": (_OBJECT_ID, "the object id of a group, which is all that Microsoft Graph tells"),
    "google": (_MAIL, "the mail address of a group, in lower case, as Google's directory tells it"),
}
"""How a provider names groups, by its name in the settings."""
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

    return accepts(check, text(pattern, check))


_AwsRole = Annotated[str, _matches(_AWS_ROLE, "<secrets engine>/<Vault role>, both by name")]
_Mail = Annotated[str, _matches(_MAIL, "a mail address in lower case")]
_Scope = Annotated[str, _matches(_SCOPE, "an OAuth scope: visible characters except quotes and \\")]
_PRINTABLE = r"(?:[^ \x00-\x1f\x7f]|[^ \x00-\x1f\x7f][^\x00-\x1f\x7f]*[^ \x00-\x1f\x7f])"
_DiscoveryUrl = Annotated[
    str, accepts(_discovery_url, text(r"(?!.*/\.well-known/)" + _DISCOVERY.pattern, _discovery_url))
]
_TokenSeconds = Annotated[int, Field(ge=60, le=LONGEST_TOKEN)]


class PeopleGroupSettings(Entry):
    """A group of the identity provider, and what its people may read."""

    check_name = check_group
    name_shape = text(_PRINTABLE, check_group)

    aws_roles: Annotated[
        tuple[_AwsRole, ...],
        WithoutRepeats,
        at_least_one("; who may read nothing need not log in"),
    ]
    """What its people may read, each as ``<secrets engine>/<Vault role>``."""


class HumanLoginSettings(Entry):
    """One mount of the OIDC auth method."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("clientSecret", "secret"),
        "is refused: it would stand in the clear; it belongs into the secret humanLoginSecrets",
    )

    model_config = ConfigDict(json_schema_extra=needs("groups"))

    discovery_url: _DiscoveryUrl
    """Issuer of the identity provider, byte for byte as its tokens name it."""
    client_id: Annotated[str, _matches(_CLIENT_ID, "1 to 255 visible ASCII characters")]
    """Name of Vault's client there."""
    own_path: AuthPath | None = Field(default=None, alias="path")
    """Path of the mount below ``auth/``; the name if left out."""
    namespace: Namespace = identity.ROOT_NAMESPACE
    """Path of its Vault namespace, that of the engines it grants; empty for the root."""
    groups_claim: Annotated[
        str, _matches(_CLAIM, "the name of a claim, or a JSON pointer to it")
    ] = "groups"
    """Claim that lists a person's groups, or a JSON pointer to it."""
    scopes: Annotated[tuple[_Scope, ...], WithoutRepeats] = ()
    """What to ask the identity provider for beyond ``openid``."""
    token_ttl_seconds: _TokenSeconds = 3_600
    """How long a Vault token lives if it is not renewed."""
    token_max_ttl_seconds: Annotated[
        _TokenSeconds, Field(validate_default=True), not_below("token_ttl_seconds")
    ] = 14_400
    """How long a Vault token lives at most."""
    provider: Literal["entra", "google"] | None = None
    """Whom Vault asks for a person's groups where tokens do not tell all: docs/people.md."""
    google_domain: Annotated[str, _matches(_DOMAIN, "a domain in lower case")] | None = None
    """With ``google``: domain of the Workspace whose people may log in."""
    google_admin: _Mail | None = None
    """With ``google``: administrator in whose name the directory is asked."""
    google_service_account: _Mail | None = None
    """With ``google``: service account that acts in that name."""
    groups: Mapping[str, PeopleGroupSettings] = Field(default_factory=dict)
    """Groups of the identity provider by name, at least one."""

    @field_validator("google_domain", "google_admin", "google_service_account")
    @classmethod
    def _of_google(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("provider", "google") != "google":
            raise ValueError("must be left out unless provider is google")
        return value

    @field_validator("google_service_account")
    @classmethod
    def _in_the_name_of(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "google_admin" in info.data and (value is None) != (info.data["google_admin"] is None):
            raise ValueError("must be there together with googleAdmin, or both must be left out")
        return value

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if self.provider and self.groups_claim != "groups":
            raise ValueError("must leave groupsClaim out with a provider, which knows no other")
        if self.provider == "google" and self.google_domain is None:
            raise ValueError("must have googleDomain, or everybody with a Google account gets in")
        return self

    @classmethod
    def model_for(cls, key: Key, problems: Problems) -> type[Self] | None:
        """Note that nobody may log in, and groups that are not named as their provider does."""
        groups = problems.written((*key, "groups"))
        if not groups:
            problems.add((*key, "groups"), "must hold at least one; else nobody may log in")
        pattern, named = _GROUP_NAMES.get(str(problems.written((*key, "provider"))), (None, ""))
        for group in groups if isinstance(groups, dict) else ():
            if pattern and not pattern.fullmatch(group):
                problems.add((*key, "groups", group), f"must be {named}")
        return cls

    @property
    def path(self) -> str:
        """Path of the mount; the login's key if left out."""
        return self.own_path or self.name

    @property
    def role_name(self) -> str:
        """Name of the login's Vault role.

        Another where a group has a comma, for which the role is written as another type: the engine
        deletes the old one last, and would delete what was written in its place.
        """
        return f"{self.name}-groups" if any("," in group for group in self.groups) else self.name

    @property
    def identity_provider(self) -> IdentityProvider:
        """How the identity provider tells groups."""
        return IdentityProvider(
            kind=self.provider,
            domain=self.google_domain,
            admin=self.google_admin,
            service_account=self.google_service_account,
        )

    @property
    def aws_roles(self) -> tuple[str, ...]:
        """Every Vault role that some group may read, as ``<engine>/<role>``."""
        return tuple(sorted({role for group in self.groups.values() for role in group.aws_roles}))
