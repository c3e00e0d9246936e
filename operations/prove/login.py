"""What shows that people get what their groups may read, as far as it is seen without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from clients.discovery import IdentityProviderError, discovery_document
from clients.logins import Logins
from federation.readback import differences, differing
from operations.prove.federated import UP

if TYPE_CHECKING:
    from operations.prove.declared import Part
    from operations.prove.evidence import Page
    from operations.prove.world import World

CLIENT = "pulumi-python:dynamic/vaultwif:OidcClient"
ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
ENDPOINT = "vault:generic/endpoint:Endpoint"
GROUP = "vault:identity/group:Group"
ALIAS = "vault:identity/groupAlias:GroupAlias"


def prove_login(part: Part, world: World, page: Page) -> None:
    """Gather the evidence of one login of people.

    Raises:
        VaultError: Vault cannot be asked.
    """
    logins = Logins(world.vault(part.namespace))
    if not _configuration(part, logins, page):
        return
    _role(part, logins, page)
    _groups(part, logins, page)
    _begun(part, logins, page, _discovery(part, page))
    for role, command in part.summary["log_in"].items():
        page.open(
            f"{role}: login of a person",
            "only a person can log in at the identity provider",
            f"somebody of one of the groups types: {command}",
        )


def _configuration(part: Part, logins: Logins, page: Page) -> bool:
    what = "configuration read back"
    held = logins.oidc_client(part.path)
    if held is None:
        page.wrong(what, f"there is no login at {part.path}", UP)
        return False
    (recorded,) = part.outputs(CLIENT)
    keys = ("discovery_url", "client_id", "default_role", "provider_config")
    declared = {key: recorded.get(key) for key in keys}
    problems = differing(declared, {key: getattr(held, key) for key in keys})
    told = f"client {held.client_id} at {held.discovery_url}"
    page.judged(what, problems, f"{told}; its secret Vault shows to nobody", UP)
    return True


def _role(part: Part, logins: Logins, page: Page) -> None:
    (name,) = part.summary["log_in"]
    held = logins.vault.read(f"auth/{part.path}/role/{name}") or {}
    problems = [each for role in part.outputs(ROLE) for each in differences(ROLE, role, held)]
    if part.outputs(ENDPOINT):
        problems += differing(_of_lists(part), {**held, "bound_groups": _bound_groups(held)})
    listed = logins.vault.listed(f"auth/{part.path}/role")
    problems += [f"{each} is there and not declared" for each in listed if each != name]
    bound = held.get("bound_claims") or "no claim: rights come from groups alone"
    page.judged("who may log in", problems, f"the role {name} asks for {bound}", UP)


def _of_lists(part: Part) -> dict[str, Any]:
    """Return what a role says that is written whole, which the state keeps to itself."""
    return {
        "role_type": "oidc",
        "user_claim": "sub",
        "bound_claims_type": "string",
        "bound_groups": [alias["name"] for alias in part.outputs(ALIAS)],
        "allowed_redirect_uris": part.summary["redirect_uris"],
        "token_policies": [],
    }


def _bound_groups(held: dict[str, Any]) -> list[str]:
    return [group for groups in (held.get("bound_claims") or {}).values() for group in groups]


def _groups(part: Part, logins: Logins, page: Page) -> None:
    """Compare groups, and what each may read."""
    aliases = {alias["canonicalId"]: alias for alias in part.outputs(ALIAS)}
    policies: list[str] = []
    for group in part.outputs(GROUP):
        alias = aliases[group["id"]]
        held = logins.group_called(alias["name"], alias["mountAccessor"])
        what = f"group {alias['name']}"
        if held is None:
            page.wrong(what, "Vault knows no group of this name of the identity provider", UP)
            continue
        declared = {"id": group["id"], "kind": "external", "policies": group["policies"]}
        problems = differing(declared, {key: getattr(held, key) for key in declared})
        policies += group["policies"] or []
        reads = ", ".join(part.summary["read_credentials"].get(alias["name"], ())) or "nothing"
        told = f"may read {reads}, by {', '.join(group['policies'] or ()) or 'no policy'}"
        page.judged(what, problems, told, UP)
    there = [logins.vault.read(f"sys/policies/acl/{name}") for name in policies]
    missing = [name for name, held in zip(policies, there, strict=True) if held is None]
    if missing:
        page.wrong("policies of the groups", f"{', '.join(missing)} is not there", UP)


def _discovery(part: Part, page: Page) -> dict[str, Any]:
    url, what = part.summary["discovery_url"], "identity provider's document"
    try:
        document = discovery_document(url)
    except IdentityProviderError as error:
        page.open(what, str(error), "Vault must reach it, which the next row shows")
        return {}
    problems = differing({"issuer": url}, document)
    page.judged(what, problems, f"names exactly {url}", "correct discoveryUrl in the settings")
    return document


def _begun(part: Part, logins: Logins, page: Page, document: dict[str, Any]) -> None:
    """Begin a login: Vault asks the identity provider, and says where it sends the browser."""
    what = "login begun"
    (name,) = part.summary["log_in"]
    problems = []
    client = part.outputs(CLIENT)[0]["client_id"]
    for redirect in part.summary["redirect_uris"]:
        sent = logins.begin(part.path, name, redirect)
        if not sent:
            problems.append(f"Vault sends nobody anywhere for {redirect}; its log says why")
            continue
        address, _, query = sent.partition("?")
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        problems += differing(
            {"client_id": client, "redirect_uri": redirect, "response_type": "code"}, asked
        )
        if (expected := document.get("authorization_endpoint")) and address != expected:
            problems.append(f"Vault sends people to {address}, not to {expected}")
    host = urlsplit(document.get("authorization_endpoint", part.summary["discovery_url"])).netloc
    page.judged(
        what,
        problems,
        f"Vault sends the browser to {host} as the client {client}, for each redirect URI",
        "let Vault reach the identity provider; `pulumi up`",
    )
