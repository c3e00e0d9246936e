"""The AWS console, as a session of a Vault role."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

from clients.errors import AwsError
from clients.identity_proof import default_region
from clients.issued_identity import Keys, federated, sign_in_token
from federation.console import console_of
from operations import OperationError
from operations.credentials import issue
from operations.login import browser

if TYPE_CHECKING:
    from operations.credentials.issued import Issued
    from operations.credentials.targets import Target

SHORTEST_SECONDS = 900
"""Of a session of GetFederationToken."""

OPEN_SECONDS = 60.0
"""How long a browser may take to ask for the address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A sign-in that waits for its browser."""

    url: str = field(repr=False)
    """A secret, good for a quarter of an hour."""
    until: str
    """When the session ends."""


def sign_in(target: Target, page: str) -> SignedIn:
    """Read credentials and have AWS sign a browser in with them.

    The lease is not ended, for the console would end with it.

    Args:
        target: As which Vault role.
        page: The first page; empty for the region's.

    Raises:
        OperationError: the token may not read them, or the page is none of AWS's console.
        CloudError: Vault or AWS is not reached or refuses; then the lease is ended.
    """
    region = target.region or default_region()
    try:
        console = console_of(region)
    except ValueError as error:
        raise OperationError(f"the region {region} {error}") from error
    if console is None:
        raise OperationError(f"the console of {region}'s partition is not known here")
    page = page or console.home
    if not console.has(page):
        raise OperationError(f"{page} is no page of the console of {region}: {console.home} is one")
    issued = issue.issue(target)
    try:
        token = sign_in_token(_session(target, issued, region), console.endpoint)
    except AwsError:
        issue.revoke(target, issued)
        raise
    url = console.sign_in_address(token, issuer=target.address, page=page)
    return SignedIn(url=url, until=issued.expiration)


def _session(target: Target, issued: Issued, region: str) -> Keys:
    keys = Keys(
        access_key_id=issued.access_key_id,
        secret_access_key=issued.secret_access_key,
        session_token=issued.session_token,
        region=region,
    )
    if issued.session_token:
        return keys
    try:
        return federated(keys, "vaultaws", max(SHORTEST_SECONDS, int(min(issued.lifetime, 43_200))))
    except AwsError as error:
        raise AwsError(
            f"{error}\nAn IAM user's key signs in to the console only by GetFederationToken. Allow "
            f"sts:GetFederationToken in the policy of the Vault role {target.role}, or sign in as "
            "a Vault role of the type assumed_role"
        ) from error


def open_once(url: str) -> None:
    """Open an address in the browser without telling it to anybody else on this machine.

    Whoever lists processes sees what a browser is started with. So it is started with an address
    of this process, which sends the first who asks on to the real one.

    Raises:
        OperationError: there is no browser, or it does not come.
    """
    if not browser.has_browser():
        raise OperationError("there is no browser here: repeat the command with --print")
    ticket = f"/{secrets.token_urlsafe()}"

    class Handler(BaseHTTPRequestHandler):
        timeout = browser.REQUEST_SECONDS
        used = False

        def do_GET(self) -> None:
            """Send the one who has the ticket on."""
            known = secrets.compare_digest(self.path, ticket)
            self.send_response(HTTPStatus.FOUND if known else HTTPStatus.NOT_FOUND)
            if known:
                Handler.used = True
                self.send_header("Location", url)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: the path holds the ticket."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        browser.open_page(f"http://127.0.0.1:{server.server_port}{ticket}")
        browser.serve(server, until=lambda: Handler.used, seconds=OPEN_SECONDS)
        if not Handler.used:
            raise OperationError(
                f"the browser did not come within {OPEN_SECONDS:.0f} s: repeat with --print"
            )
