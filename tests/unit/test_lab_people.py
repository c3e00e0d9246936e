"""The pages of the laboratory's identity provider: a browser asks nobody else for anything."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from lab import people
from lab.home import Home

if TYPE_CHECKING:
    from pathlib import Path

LOADED = re.compile(r"<(?:link|script|img|iframe)\b|@import|url\(|\bsrc=", re.IGNORECASE)
"""What makes a browser ask for more."""
ASKED = {
    "client_id": "vault",
    "redirect_uri": people.DIRECTORY["clients"][0]["redirect_uris"][0],
    "response_type": "code",
    "scope": "openid",
    "nonce": "any",
}


@pytest.fixture
def visitor(tmp_path: Path) -> Client:
    home = Home(tmp_path)
    people.furnish(home)
    return Client(people.application(home))


@pytest.mark.parametrize(
    ("changed", "status", "shown"),
    [
        ({}, HTTPStatus.OK, 'value="alice"'),
        ({"client_id": "unknown"}, HTTPStatus.BAD_REQUEST, "<h1>Error: "),
    ],
)
def test_a_page_is_whole_without_any_other_host(
    changed: dict[str, str], status: HTTPStatus, shown: str, visitor: Client
) -> None:
    page = visitor.get(
        "/oauth2/authorize", query_string={**ASKED, **changed}, headers={"Host": people.HOST}
    )
    assert page.status_code == status
    assert shown in page.text
    assert LOADED.findall(page.text) == []
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none';")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"/v1.0/{people._TENANT}/users/erin/getMemberObjects", HTTPStatus.UNAUTHORIZED),
        ("POST", "/v1.0/another/users/erin/getMemberObjects", HTTPStatus.NOT_FOUND),
        ("GET", f"/v1.0/{people._TENANT}/users/erin/getMemberObjects", HTTPStatus.NOT_FOUND),
        ("POST", "/oauth2/token", HTTPStatus.NOT_FOUND),
    ],
)
def test_graph_tells_nobody_groups_without_a_token(
    method: str, path: str, status: HTTPStatus, visitor: Client
) -> None:
    asked = {"Host": people.GRAPH, "Authorization": "Bearer false"}
    answer = visitor.open(path, method=method, headers=asked, json={"securityEnabledOnly": False})
    assert answer.status_code == status
    assert "0000" not in answer.text


def test_the_signing_key_is_made_for_whoever_asks_first_and_stays(tmp_path: Path) -> None:
    home, asked = Home(tmp_path), {"Host": people.HOST}
    people.furnish(home)
    first = Client(people.application(home))
    assert (
        first.get("/.well-known/openid-configuration", headers=asked).status_code == HTTPStatus.OK
    )
    assert not home.people_key.exists()
    published = first.get("/jwks", headers=asked).json
    assert published is not None
    assert [key["kty"] for key in published["keys"]] == ["RSA"]
    assert "d" not in published["keys"][0]
    assert Client(people.application(home)).get("/jwks", headers=asked).json == published


def test_a_token_names_no_group_of_who_is_in_too_many() -> None:
    assert people._claims("alice", ["a"] * people.MOST_GROUPS).keys() == {"groups"}
    overage = people._claims("erin", ["a"] * (people.MOST_GROUPS + 1))
    assert overage.keys() == {"_claim_names", "_claim_sources"}
