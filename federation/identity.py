"""Who Vault says it is: issuer, the documents behind it, and the subject of one mount."""

import enum

ROOT_NAMESPACE = ""
"""Path of Vault's root namespace, as Vault itself writes it."""

ROOT_NAMESPACE_ID = "root"
"""Id of Vault's root namespace; every other namespace has a generated id."""


class MountClass(enum.StrEnum):
    """Which side of Vault a mount is on, as the subject of its tokens spells it."""

    SECRET = "secret"  # noqa: S105 -- the word itself is the claim
    AUTH = "auth"


def issuer(address: str, namespace: str = ROOT_NAMESPACE) -> str:
    """Build the issuer of the plugin tokens of one namespace.

    Args:
        address: ``https://host``, no trailing slash: what Vault's ``identity/oidc/config`` holds.
        namespace: Path of the namespace without outer slashes; empty for the root namespace.

    Vault composes it from the *path* of the namespace ("Identity secrets engine: OIDC identity
    provider", plugin workload identity), while :func:`subject` uses its *id*.
    """
    prefix = f"{namespace}/" if namespace else ""
    return f"{address}/v1/{prefix}identity/oidc/plugins"


def parent_namespace(namespace: str) -> tuple[str, str]:
    """Split the path of a namespace into that of the one around it and its own name."""
    parent, _, name = namespace.rpartition("/")
    return parent, name


def command_scope(namespace: str) -> tuple[str, ...]:
    """Return the option that sends a Vault command to a namespace; none for the root one."""
    return (f"-namespace={namespace}",) if namespace else ()


def command(verb: str, namespace: str) -> str:
    """Return the beginning of a Vault command that acts in a namespace, for messages."""
    return " ".join(("vault", verb, *command_scope(namespace)))


def discovery_url(issuer: str) -> str:
    """Where AWS reads the issuer's discovery document (OpenID Connect Discovery 1.0, section 4)."""
    return f"{issuer}/.well-known/openid-configuration"


def keys_url(issuer: str) -> str:
    """Where Vault publishes the issuer's keys, on the same host as the discovery document."""
    return f"{issuer}/.well-known/keys"


def provider_identifier(issuer: str) -> str:
    """Return the issuer without its scheme, as ARN and condition keys spell it.

    IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM".
    """
    scheme, separator, identifier = issuer.partition("://")
    if scheme != "https" or not separator or not identifier:
        raise ValueError(f"issuer {issuer!r}: must begin with https://")
    return identifier


def host(issuer: str) -> str:
    """Return the host whose certificate chain AWS judges."""
    return provider_identifier(issuer).partition("/")[0]


def subject(namespace_id: str, mount_class: MountClass, accessor: str) -> str:
    """Build the ``sub`` claim of the tokens Vault mints for one mount.

    Args:
        namespace_id: The id, not the path; :data:`ROOT_NAMESPACE_ID` for the root namespace.
        mount_class: Secrets engine or auth method.
        accessor: Vault's accessor of the mount; a mount created anew has another one.

    Source: Vault, "Plugin workload identity", subject claim.
    """
    return f"plugin-identity:{namespace_id}:{mount_class}:{accessor}"


def condition_key(provider_arn: str, claim: str) -> str:
    """Name the IAM condition key that holds one claim of a provider's tokens.

    Derived from the provider's ARN and nothing else, so that it can carry neither a scheme nor a
    spelling of its own: a key AWS does not know is simply absent, and every request is refused.
    """
    _, separator, identifier = provider_arn.partition(":oidc-provider/")
    if not separator or not identifier:
        raise ValueError(f"{provider_arn!r}: must be the ARN of an OIDC identity provider")
    return f"{identifier}:{claim}"
