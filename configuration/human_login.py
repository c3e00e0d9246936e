"""The shape of a login for people, by OpenID Connect."""

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from configuration.problems import Key, Problems
from configuration.schema import Section, accepts, without_repeats
from federation import identity, syntax
from federation.names import check_key

LONGEST_TOKEN = 43_200
"""In seconds: a working day. People log in again; a token is not a thing to keep."""

_DISCOVERY = re.compile(r"https://[a-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~%/-]*)?")
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,255}")
_CLAIM = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,255}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}")
_AWS_ROLE = re.compile(r"[^/]+/[^/]+")


def check_group(group: str) -> None:
    """Check the name of a group as the identity provider tells it.

    No comma, because Vault's provider takes the allowed values of a claim as one text that it
    parts at commas and strips of outer blanks.

    Raises:
        ValueError: Saying what is allowed.
    """
    if not group or group != group.strip() or "," in group or not group.isprintable():
        raise ValueError(
            f"group {group!r} must be what the groups claim says, "
            "without commas, outer blanks and control characters"
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


class PeopleGroup(Section):
    """A group of the identity provider, and what its people may read."""

    aws_roles: Annotated[tuple[_AwsRole, ...], AfterValidator(without_repeats)]

    @field_validator("aws_roles")
    @classmethod
    def _at_least_one(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        if not roles:
            raise ValueError("must hold at least one; who may read nothing need not log in")
        return roles


class HumanLogin(Section):
    """One mount of the OIDC auth method."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("clientSecret", "secret"),
        "is refused: it would stand in the clear; it belongs into the secret humanLoginSecrets",
    )

    discovery_url: Annotated[str, accepts(_discovery_url)]
    """Issuer of the identity provider, byte for byte as its tokens name it."""
    client_id: Annotated[str, _matches(_CLIENT_ID, "1 to 255 visible ASCII characters")]
    path: Annotated[str, accepts(syntax.auth_path)] = ""
    """Path of the mount; the login's key if left out."""
    namespace: Annotated[str, accepts(syntax.namespace)] = identity.ROOT_NAMESPACE
    groups_claim: Annotated[
        str, _matches(_CLAIM, "the name of a claim, or a JSON pointer to it")
    ] = "groups"
    scopes: Annotated[tuple[_Scope, ...], AfterValidator(without_repeats)] = ()
    """What to ask the identity provider for beyond ``openid``."""
    token_ttl_seconds: Annotated[int, Field(ge=60, le=LONGEST_TOKEN)] = 3_600
    """How long a Vault token lives if it is not renewed."""
    token_max_ttl_seconds: Annotated[int, Field(ge=60, le=LONGEST_TOKEN, validate_default=True)] = (
        14_400
    )
    """How long a Vault token lives at most."""
    groups: Mapping[str, PeopleGroup] = Field(default_factory=dict)
    """Checked one by one, so that one wrong group hides no other problem; sorted by name."""

    @field_validator("token_max_ttl_seconds")
    @classmethod
    def _max_ttl(cls, seconds: int, info: ValidationInfo) -> int:
        ttl = info.data.get("token_ttl_seconds")
        if ttl is not None and seconds < ttl:
            raise ValueError(f"must be at least tokenTtlSeconds, {ttl}")
        return seconds

    @property
    def aws_roles(self) -> tuple[str, ...]:
        """Every Vault role that some group may read, as ``<engine>/<role>``."""
        return tuple(sorted({role for group in self.groups.values() for role in group.aws_roles}))


def read_login(problems: Problems, name: str, raw: object) -> HumanLogin | None:
    """Validate a login and each of its groups apart, so that none hides another's problems."""
    key: Key = ("humanLogins", name)
    named = problems.name_is_sound(key, check_key)
    if not isinstance(raw, dict):
        problems.add(key, "must be an object")
        return None
    groups: dict[str, PeopleGroup] = {}
    for group, entry in problems.entries(raw.get("groups"), (*key, "groups")):
        sound = problems.name_is_sound((*key, "groups", group), check_group)
        parsed = problems.parse(PeopleGroup, entry, (*key, "groups", group))
        if sound and parsed:
            groups[group] = parsed
    if not raw.get("groups"):
        problems.add((*key, "groups"), "must hold at least one; else nobody may log in")
    own = {field: value for field, value in raw.items() if field != "groups"}
    login = problems.parse(HumanLogin, own, key)
    if login is None or not named:
        return None
    return login.model_copy(
        update={"path": login.path or name, "groups": dict(sorted(groups.items()))}
    )
