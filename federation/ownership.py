"""Whose an issuer, a signing key, an identity provider or a namespace is: this stack's or not.

Vault and AWS let much of it be written over, or refuse it midway and without a word about the
settings. Each function returns what speaks against an update and what to do; empty if nothing does.
``owned`` is what the state remembers: that this stack made the thing.
"""

from __future__ import annotations

from federation import identity

MANAGED = "managed"


def issuer(held: str, declared: str, ownership: str, *, namespace: str, set_before: str) -> str:
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
            return ""
        same = "" if held == declared else f" and vault.issuerAddress: {held}"
        return (
            f"the issuer of {where} is {held!r} already, and not this stack's: whoever set it "
            f"would lose it. Set vault.issuer: existing{same} to use it; if nobody needs it "
            f'any more, clear it with `{write} identity/oidc/config issuer=""`'
        )
    if set_before:
        return (
            f"the issuer of {where} was set by this stack, which would clear it at the end of this "
            "update: keep vault.issuer: managed; only a destroyed stack gives it up"
        )
    if not held:
        return (
            f"{where} has no issuer: set vault.issuer: managed, or deploy the stack that manages "
            "it first"
        )
    if held != declared:
        return (
            f"the issuer of {where} is {held!r}, declared is {declared!r}: set "
            f"vault.issuerAddress: {held}"
        )
    return ""


def signing_key(key: str, *, there: bool, owned: bool, namespace: str) -> str:
    """Judge the stack's signing key in a namespace."""
    if owned or not there:
        return ""
    delete = identity.command("delete", namespace)
    return (
        f"the signing key {key!r} exists already: another stack of this name uses this Vault, "
        "and both would write under the same names. Give this stack another name; if the other "
        f"one is gone for good, delete the key with `{delete} identity/oidc/key/{key}`"
    )


def identity_provider(arn: str, ownership: str, *, there: bool, owned: bool) -> str:
    """Judge the identity provider of an issuer in an account."""
    managed = ownership == MANAGED
    if owned and managed:
        return ""
    if owned:
        return (
            f"the identity provider {arn} was made by this stack, which would delete it at the "
            "end of this update: keep identityProvider: managed; only a destroyed stack gives "
            "it up"
        )
    if managed and there:
        return (
            f"the identity provider {arn} exists already, and not by this stack: set "
            "identityProvider: existing in the account's settings to use it"
        )
    if not managed and not there:
        return (
            f"there is no identity provider {arn}: set identityProvider: managed in the "
            "account's settings, or deploy the stack that manages it first"
        )
    return ""


def namespace(path: str, ownership: str, *, there: bool, owned: bool) -> str:
    """Judge a namespace of Vault."""
    managed = ownership == MANAGED
    if owned and managed:
        return ""
    if owned:
        return (
            f"the namespace {path} was made by this stack, which would delete it with all that "
            f"is in it at the end of this update: keep vault.namespaces: {{{path}: managed}}; "
            "only a destroyed stack gives it up"
        )
    if managed and there:
        return (
            f"the namespace {path} exists already, and not by this stack, which would delete "
            f"it in the end: set vault.namespaces: {{{path}: existing}} to use it"
        )
    if not managed and not there:
        return (
            f"there is no namespace {path}: set vault.namespaces: {{{path}: managed}} to have "
            "it made, or make it first"
        )
    return ""
