"""What nobody reads in a comment: secrets, by where they stand and by what they look like."""

from __future__ import annotations

import json
import re
from typing import Any, Final

HIDDEN: Final = "[secret]"
"""What stands for a secret; Pulumi's own word for it in a preview."""
_MARK: Final = "4dabf18193072939515e22adb298388d"
"""Key of the objects that Pulumi wraps secrets and other values in that JSON has no form for."""
_NAMES: Final = re.compile(
    r"(?i)client_?secret|secret_?key|pass(word|phrase)|private_?key|access_?key(?!_?id)"
    r"|external_?id$|(session|security|auth)_?token$"
)
"""Names of what is a secret, or is shown to nobody all the same: external ids."""
_LOOKS: Final = (
    re.compile(r"\b(AKIA|ASIA)[A-Z2-7]{16}\b"),  # access keys of AWS
    re.compile(r"\bhv[sbr]\.[\w-]{20,}"),  # tokens of Vault
    re.compile(r"\beyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*"),  # signed tokens
    re.compile(r"\b(gh[opusr]_\w{30,}|github_pat_\w{30,})"),  # tokens of GitHub
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL),
)
_KEY_OF_AWS: Final = re.compile(
    r"(?<![\w/+=])(?=\S*[a-z])(?=\S*[A-Z])(?=\S*\d)[\w/+]{40}(?![\w/+=])"
)
"""A secret access key has forty characters of three kinds; a digest in lower case has two."""


def hide(text: str) -> str:
    """Return a text without what looks like a secret."""
    for look in (*_LOOKS, _KEY_OF_AWS):
        text = look.sub(HIDDEN, text)
    return text


def hide_within(value: Any, name: str = "") -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return a value of a preview without what is secret in it, also in a document within a text.

    Args:
        value: The value.
        name: What it is called where it stands.
    """
    if isinstance(value, dict):
        if _MARK in value:
            return HIDDEN
        return {key: hide_within(inner, key) for key, inner in value.items()}
    if _NAMES.search(name.rpartition(":")[2]) and value not in (None, "", []):
        return HIDDEN
    if isinstance(value, list):
        return [hide_within(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    document = parsed(value)
    return hide(value) if document is None else hide_within(document)


def parsed(text: str) -> dict[str, Any] | None:
    """Return the JSON object that a text is; ``None`` if it is none."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return None
    return found
