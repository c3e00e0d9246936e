"""Finds out what was given, and asks the stack where one is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.knowledge import token, trust_reading
from operations import OperationError, engine, terminal
from operations.explain import answer, given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.explain.answer import Answer
    from operations.explain.mounts import Mount


def explain(said: str, *, stack: str = "", mount: str = "", claims: str = "") -> Answer:
    """Explain what was given.

    Args:
        said: Text, name of a file, or ``-``; empty: what a person pastes, or, with a stack, none.
        stack: Stack whose mounts are looked at; empty: none, unless a mount is named.
        mount: Name of the one mount that is meant.
        claims: Claims that a trust policy is judged by, as ``said``.

    Raises:
        OperationError: what was given cannot be read, or does not fit together.
        CloudError: the stack's mounts cannot be looked at.
    """
    mounts = _mounts(stack, mount)
    if mounts and not said and not claims:
        return answer.of_stack(_looked_at(mounts))
    text = given.text(said)
    if document := trust_reading.document(text):
        return answer.of_trust(document, _judged(mounts, claims))
    if claims:
        raise OperationError("--claims judge a trust policy, and this is none")
    if (found := token.found(text)) and found == text.strip().removeprefix("Bearer "):
        return _of_token(found, mounts, typed=found in said)
    told = answer.of_error(text, stack)
    if mounts and answer.is_about_exchange(told):
        told.looks = _looked_at(mounts)
    return told


def _mounts(stack: str, mount: str) -> list[Mount]:
    if not stack and not mount:
        return []
    from operations.explain import mounts  # noqa: PLC0415 - its libraries take a second

    meant = engine.selected(stack)
    with terminal.progress(f"reading the stack {meant}"):
        return mounts.of_stack(meant, mount)


def _looked_at(found: list[Mount], claims: Mapping[str, Any] | None = None) -> list[Any]:
    from operations.explain import mounts  # noqa: PLC0415 - as above

    with terminal.progress("asking AWS and the issuer"):
        return mounts.looked_at(found, claims)


def _judged(mounts: list[Mount], claims: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return whose claims a trust policy is judged by."""
    if claims:
        return [("these claims", given.claims(claims))]
    return [(f"mount {mount.name}", mount.exchange.claims) for mount in mounts]


def _of_token(found: str, mounts: list[Mount], *, typed: bool) -> Answer:
    try:
        read = token.read(found)
    except ValueError as error:
        raise OperationError(str(error)) from error
    told = answer.of_token(read, typed=typed)
    if not mounts:
        return told
    claims = read.claims
    same = [mount for mount in mounts if mount.exchange.subject == claims.get("sub")]
    if not same:
        subjects = ", ".join(f"{mount.name} {mount.exchange.subject}" for mount in mounts)
        told.problems.append(
            "no mount of the stack has this subject: the mount was made anew since, or the token "
            f"is another's. They have: {subjects}"
        )
    told.problems += [
        f"its issuer is {claims.get('iss')!r}, that of the mount {mount.name} is "
        f"{mount.exchange.issuer!r}"
        for mount in same
        if claims.get("iss") != mount.exchange.issuer
    ]
    told.looks = _looked_at(same, claims)
    return told
