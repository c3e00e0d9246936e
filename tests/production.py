"""The committed example of a production stack, and what stands for its hosts in the laboratory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lab.accounts import EXTERNAL_ID

EXAMPLE = Path(__file__).resolve().parents[1] / "Pulumi.production.yaml.example"
IN_THE_LABORATORY = {
    "vault.example.com": "vault.lab.test",
    "login.example.com": "people.lab.test",
    "externalId: vault-aws-federation": f"externalId: {EXTERNAL_ID}",
}
"""What the example has of a company's own, and what the laboratory has instead."""


def shipped() -> dict[str, Any]:
    """Return the example's configuration as it is."""
    return _config(EXAMPLE.read_text("utf-8"))


def in_the_laboratory() -> dict[str, Any]:
    """Return the example's sections as the laboratory can deploy them."""
    text = EXAMPLE.read_text("utf-8")
    for said, meant in IN_THE_LABORATORY.items():
        assert said in text
        text = text.replace(said, meant)
    return {key.partition(":")[2]: value for key, value in _config(text).items()}


def _config(text: str) -> dict[str, Any]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return loaded["config"]
