"""A person at a browser who logs in to Vault, and the Vault CLI that waits for the outcome.

``python -m tests.lab.browser WHO ADDRESS`` is the browser alone, for what opens one (``BROWSER``):
it goes where it is sent, says who it is where it is asked, and prints the page that it ends at.
"""

from __future__ import annotations

import html.parser
import secrets
import sys
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import hvac
import requests

if TYPE_CHECKING:
    from tests.lab.conftest import Laboratory

COMMAND_LINE = "http://localhost:8250/oidc/callback"


@dataclass(frozen=True)
class Outcome:
    """What came of a login: a token, or why there is none."""

    token: str = ""
    policies: tuple[str, ...] = ()
    seconds: int = 0
    refusal: str = ""


class _Buttons(html.parser.HTMLParser):
    """Collects whom the login page offers to be."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "button" and found.get("name") and found.get("value"):
            self.values[str(found["value"])] = str(found["name"])


def log_in(
    laboratory: Laboratory,
    who: str,
    *,
    path: str = "people",
    namespace: str = "",
    redirect_uri: str = COMMAND_LINE,
) -> Outcome:
    """Walk the authorization-code flow: Vault, login page, callback, Vault.

    The role is the method's default one, as for a person who names none.
    """
    vault = hvac.Client(
        url=laboratory.environment["VAULT_ADDR"],
        namespace=namespace or None,
        verify=laboratory.environment["SSL_CERT_FILE"],
        proxies={"https": laboratory.environment["HTTPS_PROXY"]},
    )
    vault.token = None
    nonce = secrets.token_urlsafe()
    asked = {"redirect_uri": redirect_uri, "client_nonce": nonce}
    answer: Any = vault.write_data(f"auth/{path}/oidc/auth_url", data=asked)
    address = answer["data"]["auth_url"]
    if not address:
        return Outcome(refusal="Vault gives no address to log in at")
    returned = at_the_login_page(browser(laboratory), address, who)
    assert returned.startswith(f"{redirect_uri}?")
    told = dict(parse_qsl(urlsplit(returned).query))
    if "error" in told:
        return Outcome(refusal=told["error"])
    given = {"state": told["state"], "code": told["code"], "client_nonce": nonce}
    reply = browser(laboratory).get(
        f"{laboratory.environment['VAULT_ADDR']}/v1/auth/{path}/oidc/callback",
        params=given,
        headers={"X-Vault-Namespace": namespace} if namespace else {},
    )
    if reply.status_code != HTTPStatus.OK:
        return Outcome(refusal="; ".join(reply.json()["errors"]))
    auth = reply.json()["auth"]
    return Outcome(auth["client_token"], tuple(auth["policies"]), auth["lease_duration"])


def holder(laboratory: Laboratory, token: str) -> hvac.Client:
    """Return a Vault client with this person's token alone."""
    client = laboratory.vault()
    client.token = token
    return client


def at_the_login_page(session: requests.Session, address: str, who: str) -> str:
    """Return where the identity provider sends a browser afterwards."""
    page = session.get(address)
    assert page.status_code == HTTPStatus.OK, page.text
    buttons = _Buttons()
    buttons.feed(page.text)
    answer = session.post(address, data={buttons.values[who]: who}, allow_redirects=False)
    assert answer.status_code == HTTPStatus.FOUND, answer.text
    return answer.headers["location"]


def browser(laboratory: Laboratory) -> requests.Session:
    """Return a browser in the laboratory's network, new, so without cookies."""
    session = requests.Session()
    session.verify = laboratory.environment["SSL_CERT_FILE"]
    session.proxies = {"https": laboratory.environment["HTTPS_PROXY"]}
    session.trust_env = False
    return session


def main() -> int:
    """Be the browser of a person whose environment leads into the laboratory."""
    who, address = sys.argv[1:]
    session = requests.Session()
    if urlsplit(address).hostname == "people.lab.test":
        address = at_the_login_page(session, address, who)
    sys.stdout.write(session.get(address).text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
