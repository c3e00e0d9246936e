"""Whose an issuer, a signing key, an identity provider or a namespace is: this stack's or not.

Vault and AWS let much of it be written over, or refuse it midway and without a word about the
settings. Each function returns what speaks against an update, or None if nothing does.
``owned`` is what the state remembers: that this stack made the thing.
"""

from __future__ import annotations

from federation import identity
from federation.trouble import Trouble

MANAGED = "managed"


def issuer(
    held: str, declared: str, ownership: str, *, namespace: str, set_before: str
) -> Trouble | None:
    """Judge the issuer of a namespace.

    Args:
        held: What the namespace is set to; empty if nobody has set it.
        declared: The address that issuers begin with.
        ownership: What the settings say, ``managed`` or ``existing``.
        namespace: Path of the namespace.
        set_before: What this stack has set; empty if it has set none.
    """
    where = f"the namespace {namespace}" if namespace else "the root namespace"
    write = identity.command("write", namespace)
    if ownership == MANAGED:
        if held in ("", set_before):
            return None
        same = "" if held == declared else f" and vault.issuerAddress: {held}"
        return Trouble(
            f"the issuer of {where} is {held!r} already, and not this stack's: whoever set it "
            "would lose it. ",
            f"Set vault.issuer: existing{same} to use it; if nobody needs it any more, clear it "
            f'with `{write} identity/oidc/config issuer=""`',
        )
    if set_before:
        return Trouble(
            f"the issuer of {where} was set by this stack, which would clear it at the end of this "
            "update: ",
            "keep vault.issuer: managed; only a destroyed stack gives it up",
        )
    if not held:
        return Trouble(
            f"{where} has no issuer: ",
            "set vault.issuer: managed, or deploy the stack that manages it first",
        )
    if held != declared:
        return Trouble(
            f"the issuer of {where} is {held!r}, declared is {declared!r}: ",
            f"set vault.issuerAddress: {held}",
        )
    return None


def signing_key(key: str, *, there: bool, owned: bool, namespace: str) -> Trouble | None:
    """Judge the stack's signing key in a namespace."""
    if owned or not there:
        return None
    delete = identity.command("delete", namespace)
    return Trouble(
        f"the signing key {key!r} exists already: another stack of this name uses this Vault, "
        "and both would write under the same names. ",
        "Give this stack another name; if the other one is gone for good, delete the key with "
        f"`{delete} identity/oidc/key/{key}`",
    )


def identity_provider(arn: str, ownership: str, *, there: bool, owned: bool) -> Trouble | None:
    """Judge the identity provider of an issuer in an account."""
    managed = ownership == MANAGED
    if owned and managed:
        return None
    if owned:
        return Trouble(
            f"the identity provider {arn} was made by this stack, which would delete it at the "
            "end of this update: ",
            "keep identityProvider: managed; only a destroyed stack gives it up",
        )
    if managed and there:
        return Trouble(
            f"the identity provider {arn} exists already, and not by this stack: ",
            "set identityProvider: existing in the account's settings to use it",
        )
    if not managed and not there:
        return Trouble(
            f"there is no identity provider {arn}: ",
            "set identityProvider: managed in the account's settings, or deploy the stack that "
            "manages it first",
        )
    return None


def namespace(path: str, ownership: str, *, there: bool, owned: bool) -> Trouble | None:
    """Judge a namespace of Vault."""
    managed = ownership == MANAGED
    if owned and managed:
        return None
    if owned:
        return Trouble(
            f"the namespace {path} was made by this stack, which would delete it with all that "
            "is in it at the end of this update: ",
            f"keep vault.namespaces: {{{path}: managed}}; only a destroyed stack gives it up",
        )
    if managed and there:
        return Trouble(
            f"the namespace {path} exists already, and not by this stack, which would delete "
            "it in the end: ",
            f"set vault.namespaces: {{{path}: existing}} to use it",
        )
    if not managed and not there:
        return Trouble(
            f"there is no namespace {path}: ",
            f"set vault.namespaces: {{{path}: managed}} to have it made, or make it first",
        )
    return None
