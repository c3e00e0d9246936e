"""Logs in to Vault and says what came of it."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from clients.auth_method import AuthMethod
from clients.errors import VaultForbiddenError
from clients.identity_proof import default_region, identity_proof
from clients.oidc_login import OidcLogin
from clients.tokens import held_token
from clients.vault import Vault
from operations import OperationError, readable
from operations.login import browser, token_file

if TYPE_CHECKING:
    from clients.held_token import HeldToken
    from operations.login.methods import Method
    from operations.whereabouts import Whereabouts


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedIn:
    """What a new token is, and what one may do with it."""

    held: HeldToken
    may_read: list[str]
    """AWS credentials, as ``ENGINE/ROLE``."""


def with_aws(method: Method, profile: str | None) -> str:
    """Log in with AWS credentials; return the token, which is a secret.

    Args:
        method: An aws auth method.
        profile: AWS profile to log in as; the environment decides if there is none.

    Raises:
        CloudError: there are no credentials, or Vault does not accept them.
        OperationError: there is no such region.
    """
    try:
        proof = identity_proof(
            region=method.region or default_region(profile),
            server_id=method.server_id,
            profile=profile,
        )
    except ValueError as error:
        raise OperationError(f"the region {method.region} {error}") from error
    with Vault(method.address, method.namespace, token="") as vault:
        return AuthMethod(vault, method.path).log_in(method.role, proof)


def with_browser(method: Method, *, opened: bool) -> str:
    """Log in by the identity provider of people; return the token, which is a secret.

    Args:
        method: An OIDC auth method.
        opened: Whether a browser is opened here; else its address is printed, and what the browser
            is sent to afterwards may be pasted.

    Raises:
        CloudError: Vault does not let this person in.
        OperationError: nobody logged in, or the identity provider refused.
    """
    nonce = secrets.token_urlsafe()
    with Vault(method.address, method.namespace, token="") as vault:
        login = OidcLogin(vault, method.path)
        address = login.address(method.role, browser.REDIRECT_URI, nonce)
        (state,) = parse_qs(urlsplit(address).query)["state"]
        with browser.Callback(state, pasted=not opened) as callback:
            if opened:
                print(f"your browser opens; if it does not, open\n\n  {address}\n", file=sys.stderr)
                browser.open_page(address)
            else:
                print(_BY_HAND.format(address=address, begin=browser.REDIRECT_URI), file=sys.stderr)
            answer = callback.wait()
        if "error" in answer:
            said = f"{answer['error']} {answer.get('error_description', '')}".strip()
            raise OperationError(f"the identity provider did not log you in: {said}")
        return login.token(state=state, code=answer["code"], nonce=nonce)


_BY_HAND = """Open this address in a browser, on any machine, and log in:

  {address}

On this machine, that is all. On another one the browser then finds nothing at
{begin}?...: paste that whole address here.
"""


def token(method: Method, *, profile: str | None, browser_wanted: bool) -> str:
    """Log in; return the token, which is a secret.

    Args:
        method: By which method.
        profile: AWS profile of a login with AWS credentials.
        browser_wanted: Whether to open a browser, if there is one.

    Raises:
        CloudError: Vault or AWS refuses.
        OperationError: nobody logged in.
    """
    try:
        if method.kind == "aws":
            return with_aws(method, profile)
        return with_browser(method, opened=browser_wanted and browser.has_browser())
    except VaultForbiddenError as error:
        # In place of advice about a token that there is not yet.
        said = str(error).rpartition(" (")[0]
        raise OperationError(
            f"{said}; check that there is a login at auth/{method.path}, and its namespace"
        ) from error


def look(place: Whereabouts, method: Method, token: str) -> LoggedIn:
    """Return what a new token is and may read.

    Raises:
        VaultError: unreachable, or the token is none.
    """
    with Vault(method.address, method.namespace, token=token) as vault:
        held = held_token(vault)
    at = place if place.stack else replace(place, namespace=method.namespace)
    return LoggedIn(held=held, may_read=readable.names(at, token=token))


def document(method: Method, found: LoggedIn) -> dict[str, Any]:
    """Return what came of a login, for programs; without the token."""
    return {
        "address": method.address,
        "namespace": method.namespace,
        "method": method.kind,
        "path": method.path,
        "role": method.role,
        "name": found.held.name,
        "policies": list(found.held.policies),
        "seconds": found.held.seconds,
        "renewable": found.held.renewable,
        "token_file": str(token_file.path()),
        "overshadowed_by_VAULT_TOKEN": _overshadowed(),
        "may_read": found.may_read,
    }


def told(place: Whereabouts, method: Method, found: LoggedIn) -> str:
    """Return what came of a login, for a person, and what to type next."""
    where = f", namespace {method.namespace}" if method.namespace else ""
    more = ", and longer while it is used" if found.held.renewable else ""
    lines = [
        f"logged in to {method.address}{where} as {found.held.name}",
        f"  token     kept in {token_file.path()}, for {lasting(found.held.seconds)}{more}",
        f"  policies  {', '.join(found.held.policies)}",
    ]
    if found.may_read:
        at = f" --stack {place.stack}" if place.stack else ""
        lines += ["  may read  " + "\n            ".join(found.may_read)]
        lines += ["", f"  vaultaws credentials {found.may_read[0]}{at} --exec -- COMMAND"]
        lines += [f"  vaultaws credentials install{at}    makes a profile of each for the AWS CLI"]
    else:
        lines += ["  may read  no AWS credentials that its policies name"]
    if _overshadowed():
        lines += ["", "VAULT_TOKEN is set in this shell and comes before this token: unset it"]
    return "\n".join(lines)


def lasting(seconds: float | None) -> str:
    """Say how long something lasts, as a person says it."""
    if seconds is None:
        return "ever"
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} h" * bool(hours), f"{rest} min" * bool(rest)) if part
    )


def _overshadowed() -> bool:
    return bool(os.environ.get("VAULT_TOKEN"))
