"""No key of AWS stands anywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.rule import AUTH_CLIENT, ENGINE, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.guardrails.rules.rule import Resource, Settings

_HOLDERS: Final = {
    ENGINE: ("accessKey", "secretKey", "secretKeyWo"),
    AUTH_CLIENT: ("accessKey", "secretKey", "secretKeyWo"),
    "pulumi:providers:aws": ("accessKey", "secretKey", "token"),
}
"""Inputs that hold a key of AWS."""
_FEDERATED: Final = {
    ENGINE: ("identityTokenAudience", "roleArn"),
    AUTH_CLIENT: ("identityTokenAudience", "roleArn"),
}
"""Without these, Vault looks for a key in its configuration and its environment (Vault, AWS secrets
engine (API), Configure root credentials; AWS auth method (API), Configure client)."""
_KEEPERS: Final = {
    "aws:iam/accessKey:AccessKey": "is a key that lasts",
    "vault:aws/secretBackendStaticRole:SecretBackendStaticRole": "keeps a user whose key lasts",
}
_KEY_ID: Final = re.compile(r"(?<![A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")
"""Of a user and of a session (IAM User Guide, "IAM identifiers", unique IDs)."""


def _judge(resource: Resource, _settings: Settings) -> Iterator[str]:
    if kept := _KEEPERS.get(resource.type):
        yield kept
    for name in _HOLDERS.get(resource.type, ()):
        # Whatever it will be: that there is one is wrong.
        if resource.has(name):
            yield f"has {name}"
    for name in _FEDERATED.get(resource.type, ()):
        if not resource.has(name):
            yield f"has no {name}, so Vault takes whatever key it finds"
    for path, text in resource.texts():
        if found := _KEY_ID.search(text):
            yield f"has a key of AWS in {path}, one that begins with {found[1]}"


RULE: Final = Rule(
    name="no-static-keys",
    promise="No mount, client, provider or setting holds a key of AWS.",
    remedy="Take the key out and end it at AWS; name identityTokenAudience and roleArn instead",
    judge=_judge,
)
