"""What docs/private-vault publishes, against the domain's own idea of an issuer's documents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from federation import identity

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "private-vault"
INTERNAL = "vault.internal.example.com"
NAMESPACES = ("", "team-a")


def documents() -> list[str]:
    """Return the paths that may be public, from the domain."""
    urls = [
        address(identity.issuer("https://issuer.example.com", namespace))
        for namespace in NAMESPACES
        for address in (identity.discovery_url, identity.keys_url)
    ]
    return sorted(url.removeprefix("https://issuer.example.com") for url in urls)


@pytest.fixture(scope="module")
def gateway() -> Any:  # noqa: ANN401 - YAML has no narrower type
    return yaml.safe_load((FOLDER / "api-gateway.yaml").read_text("utf-8"))


def test_the_gateway_has_exactly_the_documents(gateway: dict[str, Any]) -> None:
    assert sorted(gateway["paths"]) == documents()
    for operations in gateway["paths"].values():
        assert set(operations) == {"get"}
    assert gateway["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
    known = {"openapi", "info", "paths"}
    assert not [key for key in gateway if key not in known and not key.startswith("x-amazon-")]


def test_the_gateway_passes_nothing_of_a_request_on(gateway: dict[str, Any]) -> None:
    for path, operations in gateway["paths"].items():
        integration = operations["get"]["x-amazon-apigateway-integration"]
        assert integration["uri"] == f"https://{INTERNAL}{path}"
        assert (integration["type"], integration["httpMethod"]) == ("http", "GET")
        assert integration["passthroughBehavior"] == "never"
        assert integration["requestTemplates"] == {"application/json": "#set($empty = '')"}
        assert not {"requestParameters", "cacheKeyParameters"} & set(integration)
        assert set(integration["responses"]) == {"200", "default"}
        assert integration["responses"]["default"]["statusCode"] == "404"
        assert "parameters" not in operations["get"]


def test_nginx_has_exactly_the_documents_each_by_its_own_path() -> None:
    text = (FOLDER / "nginx.conf").read_text("utf-8")
    pairs = re.findall(r"location = (\S+) \{\s*proxy_pass https://vault(\S+);\s*\}", text)
    assert sorted(path for path, _ in pairs) == documents()
    assert all(path == passed for path, passed in pairs)
    assert text.count("proxy_pass https") == len(pairs)
    others = re.findall(r"location (\S+(?: \S+)?) \{", text)
    assert sorted(set(others) - {f"= {path}" for path, _ in pairs}) == [
        "/",
        "= /absent",
        "@failing",
    ]


def test_the_page_lists_exactly_the_documents() -> None:
    page = (FOLDER.parent / "private-vault.md").read_text("utf-8")
    assert sorted(re.findall(r"^(/v1/\S+)$", page, re.MULTILINE)) == documents()
