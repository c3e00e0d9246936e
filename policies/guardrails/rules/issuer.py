"""The issuer is what AWS accepts as one: https and a host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.rule import IDENTITY_PROVIDER, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.guardrails.rules.rule import Resource, Settings

_HOST: Final = r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
_ISSUERS: Final = {
    "vault:identity/oidc:Oidc": ("issuer", re.compile(_HOST), "https://<host>"),
    IDENTITY_PROVIDER: (
        "url",
        re.compile(rf"{_HOST}(/[^/?#:]+)*"),
        "https://<host>/<path>, without a slash at its end",
    ),
}
"""Source: IAM API Reference, CreateOpenIDConnectProvider, Url: https, no port, no query."""


def _judge(resource: Resource, _settings: Settings) -> Iterator[str]:
    name, form, said = _ISSUERS.get(resource.type, ("", None, ""))
    if form is None or not resource.has(name):
        return
    if not form.fullmatch(str(resource.props[name])):
        yield f"has {name} {str(resource.props[name])!r}; it must be {said}, without a port"


RULE: Final = Rule(
    name="https-issuer",
    promise="The issuer of plugin tokens is reached by https, at its own port.",
    remedy="Let Vault answer at port 443 of its host and set vault.issuerAddress to that",
    judge=_judge,
)
