"""``python -m lab.people --home DIR``: the laboratory's identity provider, for people.

An OpenID Connect provider behind ``https://people.lab.test``: users in groups, one client. Who
comes to its login page chooses who to be; everything else is as strict as a real provider: it knows
its clients, their secrets and their exact redirect URIs, and lets nobody register.

Of who is in more than 200 groups its tokens say as Entra's do where to ask for them, which is
Microsoft Graph; it is that too, as far as it is asked for the groups of the person who logs in
(Microsoft identity platform, "Configure group claims and app roles in tokens", group overages).
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import flask
import jinja2
import oidc_provider_mock
from authlib.jose import RSAKey
from cheroot.wsgi import Server
from oidc_provider_mock import _storage
from oidc_provider_mock._storage import Client, User

from lab.home import Home, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HOST: Final = "people.lab.test"
GRAPH: Final = "graph.microsoft.com"
GRAPH_SCOPE: Final = f"https://{GRAPH}/.default"
MOST_GROUPS: Final = 200
"""How many groups a token of Entra's names."""
SECRET: Final = "not-a-secret-laboratory-only"  # noqa: S105 - that is what it says
"""Secret of the client ``vault``. The same in every laboratory, because the committed dev stack
carries it, encrypted with the laboratory's passphrase, which is no secret either; it opens nothing
but a provider on loopback at which everybody may be anybody."""
DIRECTORY: Final[dict[str, Any]] = {
    "clients": [
        {
            "id": "vault",
            "secret": SECRET,
            "redirect_uris": [
                "http://localhost:8250/oidc/callback",
                "https://vault.lab.test/ui/vault/auth/people/oidc/callback",
            ],
        }
    ],
    "users": {
        "alice": ["engineering"],
        "bob": ["sales"],
        "carol": ["engineering", "operations"],
        "erin": [f"00000000-0000-4000-8000-{number:012}" for number in range(MOST_GROUPS + 1)],
    },
}
"""Who is known at first; ``Home.people`` may be changed while the laboratory runs."""

_READY: Final = "/_lab/ready"
_SERVED: Final = frozenset(
    (
        "/.well-known/openid-configuration",
        "/jwks",
        "/oauth2/authorize",
        "/oauth2/token",
        "/userinfo",
    )
)
"""Not the package's own ways to make clients and users, which it opens to everybody."""
_NEED_THE_KEY: Final = frozenset(("/jwks", "/oauth2/token"))
_FRAME: Final = """<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <title>people.lab.test</title>
  <style>
    body { font-family: sans-serif; max-width: 40rem; margin: 2rem auto }
    button { margin: 0.2rem }
  </style>
  <main>{% block content %}{{ content }}{% endblock %}</main>
</html>
"""
_PAGES: Final = {
    "_base.html": _FRAME,
    "error.html": (
        '{% extends "_base.html" %}{% block content %}'
        "<h1>Error: {{ name }}</h1><p>{{ description }}</p>{% endblock %}"
    ),
}
"""In place of the package's, which load a style sheet from a public host."""
_TENANT: Final = "11111111-2222-4333-8444-555555555555"
_MEMBERSHIP: Final = re.compile(rf"/v1\.0/{_TENANT}/users/([^/]+)/getMemberObjects")
_TOKEN_LIFE: Final = timedelta(minutes=5)
_IDLE_SECONDS: Final = 600
"""Longer than any client keeps an idle connection: who closes first can lose a request."""

# The package makes a signing key for every provider at once, whether or not one is ever needed.
vars(_storage).update(jose=SimpleNamespace(RSAKey=SimpleNamespace(generate_key=lambda **_: None)))


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is being answered."""
    parser = argparse.ArgumentParser(prog="python -m lab.people", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the laboratory")
    home = Home(parser.parse_args().home.resolve())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    os.umask(0o077)
    furnish(home)
    server = Server(
        ("127.0.0.1", int(read_json(home.ports)["people"])),
        application(home),
        numthreads=4,
        timeout=_IDLE_SECONDS,
        shutdown_timeout=5,
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        server.start()
    except KeyboardInterrupt:
        server.stop()
    return 0


def furnish(home: Home) -> None:
    """Make what a first start needs."""
    if not home.people.exists():
        write_json(home.people, DIRECTORY)


class _SigningKey:
    """The provider's key, made when it is first needed and the same ever after.

    Most laboratories log nobody in, and a key takes a tenth of a second to find.
    """

    def __init__(self, home: Home) -> None:
        self._path = home.people_key
        self._lock = threading.Lock()
        self._key: RSAKey | None = None

    def get(self) -> RSAKey:
        with self._lock:
            if self._key is None:
                if not self._path.exists():
                    made = RSAKey.generate_key(is_private=True)
                    write_json(self._path, made.as_dict(is_private=True))
                self._key = RSAKey.import_key(read_json(self._path))
            return self._key


def application(home: Home) -> WSGIApplication:
    """Return the provider, which reads its clients and users anew for every request."""
    provider: Any = oidc_provider_mock.app(
        require_client_registration=True,
        require_nonce=True,
        issue_refresh_token=False,
        access_token_max_age=_TOKEN_LIFE,
        user_claims=[User(sub=name) for name in sorted(read_json(home.people)["users"])],
    )
    key = _SigningKey(home)

    def admit() -> flask.Response | None:
        request = flask.request
        if request.path == _READY:
            return flask.Response("ready\n")
        if request.host == GRAPH:
            return _member_objects(request, read_json(home.people)["users"])
        if request.host != HOST:
            return _refusal(HTTPStatus.MISDIRECTED_REQUEST, f"this is {HOST} and nothing else")
        if request.path not in _SERVED:
            return _refusal(HTTPStatus.NOT_FOUND, f"{HOST} has no {request.path}")
        known = read_json(home.people)
        # The package has no way to be told of clients and users but requests of its own.
        storage = flask.g.oidc_provider_mock_storage
        if request.path in _NEED_THE_KEY:
            storage.jwk = key.get()
        _tell(storage, known)
        name = request.form.get("sub")
        if name is not None and name not in known["users"]:
            return _refusal(HTTPStatus.FORBIDDEN, f"{HOST} knows no such user")
        return None

    def keep_at_home(answer: flask.Response) -> flask.Response:
        answer.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
        )
        return answer

    provider.before_request(admit)
    provider.after_request(keep_at_home)
    provider.jinja_env.loader = jinja2.ChoiceLoader(
        [jinja2.DictLoader(_PAGES), provider.jinja_env.loader]
    )
    # The package is made for debugging: it would show its insides, secrets among them, on failure.
    provider.debug = False
    return _behind_tls(provider.wsgi_app.app)


def _tell(storage: _storage.Storage, known: dict[str, Any]) -> None:
    for client in known["clients"]:
        storage.store_client(_client(client))
    for name, groups in known["users"].items():
        storage.store_user(User(sub=name, claims=_claims(name, groups)))


def _behind_tls(wrapped: WSGIApplication) -> WSGIApplication:
    """The network ends TLS; what the provider says of itself begins with https."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return wrapped({**environ, "wsgi.url_scheme": "https"}, start_response)

    return call


def _claims(name: str, groups: list[str]) -> dict[str, Any]:
    if len(groups) <= MOST_GROUPS:
        return {"groups": groups}
    # Entra's tokens still name the host of a Graph that is gone; clients know the present one.
    endpoint = f"https://graph.windows.net/{_TENANT}/users/{name}/getMemberObjects"
    return {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": endpoint}},
    }


def _member_objects(request: flask.Request, users: dict[str, list[str]]) -> flask.Response:
    """Tell the groups of whose token it is, if the token is one for Graph."""
    asked = _MEMBERSHIP.fullmatch(request.path)
    if not asked or request.method != "POST" or "securityEnabledOnly" not in request.get_json():
        return _refusal(HTTPStatus.NOT_FOUND, f"{GRAPH} is getMemberObjects here, and no more")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    held = flask.g.oidc_provider_mock_storage.get_access_token(token)
    if scheme != "Bearer" or held is None or held.expires_at < datetime.now(UTC):
        return _refusal(HTTPStatus.UNAUTHORIZED, "InvalidAuthenticationToken")
    if GRAPH_SCOPE not in held.scope.split() or held.user_id != asked[1]:
        return _refusal(HTTPStatus.FORBIDDEN, "Authorization_RequestDenied")
    return flask.jsonify({"value": users[asked[1]]})


def _client(known: dict[str, Any]) -> Client:
    return Client(
        id=known["id"],
        secret=known["secret"],
        redirect_uris=known["redirect_uris"],
        allowed_scopes=(*Client.SCOPES_SUPPORTED, GRAPH_SCOPE),
        token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method
    )


def _refusal(status: HTTPStatus, text: str) -> flask.Response:
    return flask.Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")


if __name__ == "__main__":
    sys.exit(main())
