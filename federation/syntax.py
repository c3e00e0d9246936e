"""What Vault and AWS accept as an address, an audience, a tag. Each check says what is allowed."""

import re
from collections.abc import Iterator, Mapping

from federation.identity import ROOT_NAMESPACE_ID

LONGEST_ISSUER = 255
"""In characters (IAM API Reference, CreateOpenIDConnectProvider, Url)."""

MOST_TAGS = 50
LONGEST_TAG_KEY = 128
LONGEST_TAG_VALUE = 256
_TAG_TEXT = re.compile(r"(?:[\w.:/=+@-]|[^\S\t-\r\x1c-\x1f\x85])*")
"""Letters, digits, separators (so no tabs or line ends, which are controls) and a few signs."""

RESERVED_NAMESPACES = frozenset(
    (ROOT_NAMESPACE_ID, "sys", "audit", "auth", "cubbyhole", "identity")
)
RESERVED_PATHS = frozenset(("sys", "auth", "identity", "cubbyhole", "audit"))

_ACCOUNT_DIGITS = 12
ACCOUNT_ID = re.compile(r"[0-9]{12}")
AUDIENCE = re.compile(r"[A-Za-z0-9._:/@+=,-]{1,255}")
FORMER_USERS = re.compile(r"/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{3,}\*?")
SERVER_ID = re.compile(r"[A-Za-z0-9._:/-]{1,255}")
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")
PATH = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_NAMESPACE_SEGMENT = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
NAMESPACE = re.compile(rf"{_NAMESPACE_SEGMENT}(/{_NAMESPACE_SEGMENT})*")
HCP_HOSTS = ".hashicorp.cloud"
"""What the hosts of HashiCorp's own clusters end with."""

HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def account_id(value: str) -> None:
    """Check an AWS account id.

    One with hyphens, as AWS's console shows it, and one that lost its leading zeros are told how
    they are written here.
    """
    digits = value.replace("-", "")
    if digits.isascii() and digits.isdecimal() and len(digits) == _ACCOUNT_DIGITS != len(value):
        raise ValueError(f'must be 12 digits, without hyphens: "{digits}"')
    if value.isascii() and value.isdecimal() and len(value) < _ACCOUNT_DIGITS:
        raise ValueError(
            "must be 12 digits; if it lost the zeros that it begins with, write "
            f'"{value.zfill(_ACCOUNT_DIGITS)}"'
        )
    _require(ACCOUNT_ID, value, "12 digits")


def account_id_of_number(value: float) -> str:
    """Say how an account id that YAML took for a number is to be written.

    Pulumi's YAML reads digits after a leading 0 as octal, unless there is an 8 or a 9 among them;
    then it drops the 0.
    """
    text, octal = str(value), f"{value:o}" if isinstance(value, int) and value >= 0 else ""
    written = []
    if octal and len(octal) < _ACCOUNT_DIGITS:
        written.append(f'"{octal.zfill(_ACCOUNT_DIGITS)}" (YAML reads that as octal)')
    if text.isdecimal() and len(text) < _ACCOUNT_DIGITS and {"8", "9"} & set(text):
        written.append(f'"{text.zfill(_ACCOUNT_DIGITS)}" (YAML drops the 0)')
    told = f": without them YAML changes what begins with 0; write {' or '.join(written)}"
    return f"must be text, in quotes{told if written else ''}"


def audience(value: str) -> None:
    """Check an audience: a client id of an identity provider and a value in a trust policy.

    A ``$`` is refused although IAM takes it, for a trust policy reads ``${...}`` as a variable.
    """
    _require(AUDIENCE, value, "1 to 255 letters, digits and . _ : / @ + = , -")


def former_users(value: str) -> None:
    """Check which users of an account a mount may delete that it has not made by its role.

    The beginning of their names must be given: by their path alone, everybody of it could be.
    """
    _require(
        FORMER_USERS,
        value,
        "an IAM path and the beginning of names, of three characters or more, with * for the rest: "
        "/vault-*",
    )


def server_id(value: str) -> None:
    """Check the value that a login signs as its server's id: one that a header carries as it is."""
    _require(SERVER_ID, value, "1 to 255 letters, digits and . _ : / -")


def external_id(value: str) -> None:
    """Check an external id (STS API Reference, AssumeRole, ExternalId)."""
    _require(EXTERNAL_ID, value, "2 to 1224 letters, digits and + = , . @ : / _ -")


def mount_path(value: str) -> None:
    """Check the path of a mount, as people write it: without outer slashes."""
    _require(PATH, value, "letters, digits, - _ and . between single slashes, none outside")
    if value.partition("/")[0] in RESERVED_PATHS:
        raise ValueError(f"must not begin with one of Vault's own {_spoken(RESERVED_PATHS)}")


def auth_path(value: str) -> None:
    """Check the path of an auth method or a login, below ``auth/``."""
    mount_path(value)
    if value.partition("/")[0] == "token":
        raise ValueError("must not begin with token, where Vault's own tokens are")


def namespace(value: str) -> None:
    """Check the path of a namespace; the root namespace is the empty path."""
    if not value:
        return
    allowed = "letters, digits and _, with - inside, between single slashes, none outside"
    _require(NAMESPACE, value, allowed)
    if RESERVED_NAMESPACES & set(value.split("/")):
        reserved = _spoken(RESERVED_NAMESPACES)
        raise ValueError(f"must not use Vault's own {reserved}; leave it out for the root")


def namespaces(values: Mapping[str, object]) -> None:
    """Check the paths by which namespaces are listed."""
    for path in values:
        if not path:
            raise ValueError("must not list the root namespace, which is always there")
        try:
            namespace(path)
        except ValueError as error:
            raise ValueError(f"must be listed by path; look at {path!r}, which {error}") from None


def address(value: str) -> None:
    """Check the address of Vault, with a port or without.

    HCP Vault Dedicated is refused by its hosts' common end (HCP, "Constraints and limitations":
    workload identity federation is not supported for auth methods and secrets engines).
    """
    problems = list(_address_problems(value))
    if problems:
        raise ValueError("must " + ", ".join(problems))
    host = value.removeprefix("https://").partition(":")[0]
    if host.endswith(HCP_HOSTS):
        raise ValueError(
            "must not be HCP Vault Dedicated, in which HashiCorp supports no workload identity "
            "federation of secrets engines and auth methods: docs/hcp-vault.md says what to do"
        )


def issuer_address(value: str) -> None:
    """Check an address as the base of an issuer.

    Vault takes scheme, host and port only; AWS wants https and no port (IAM API Reference,
    CreateOpenIDConnectProvider: the URL "should not contain a port number").
    """
    address(value)
    if has_port(value):
        raise ValueError("must have no port, for AWS takes no issuer with one")


def has_port(address: str) -> bool:
    """Whether an address that :func:`address` accepts names a port."""
    return ":" in address.removeprefix("https://")


def tags(values: Mapping[str, str]) -> None:
    """Check tags (IAM User Guide, "Rules for tagging in IAM and AWS STS")."""
    if len(values) > MOST_TAGS:
        raise ValueError(f"must be at most {MOST_TAGS} tags")
    spelt: dict[str, str] = {}
    for key, value in values.items():
        other = spelt.setdefault(key.lower(), key)
        if other != key:
            raise ValueError(
                "must have keys that differ by more than case, for IAM sees no other; look at "
                f"{other!r} and {key!r}"
            )
        if not 1 <= len(key) <= LONGEST_TAG_KEY or len(value) > LONGEST_TAG_VALUE:
            raise ValueError(
                f"must have keys of 1 to {LONGEST_TAG_KEY} and values of up to {LONGEST_TAG_VALUE} "
                f"characters; look at {key[:LONGEST_TAG_KEY]!r}"
            )
        if key.lower().startswith("aws:") or not _TAG_TEXT.fullmatch(key + value):
            raise ValueError(
                "must be letters, digits, blanks and . : / = + @ _ - only, and no key may begin "
                f"with aws:; look at {key!r}"
            )


def _address_problems(value: str) -> Iterator[str]:
    scheme, separator, rest = value.rpartition("://")
    if scheme != "https" or not separator:
        yield "begin with https://"
    if "@" in rest:
        yield "carry no user or password"
    if rest.endswith("/"):
        yield "not end with a slash"
    host, *path = re.split(r"[/?#]", rest.rpartition("@")[2].rstrip("/"), maxsplit=1)
    if path:
        yield "have no path, query or fragment"
    name, colon, port = host.partition(":")
    if not HOST.fullmatch(name):
        yield "have a host name in lower case"
    if colon and not port.isdecimal():
        yield "have a number for its port"


def _require(pattern: re.Pattern[str], value: str, allowed: str) -> None:
    if not pattern.fullmatch(value):
        raise ValueError(f"must be {allowed}")


def _spoken(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
