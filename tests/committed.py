"""What several stacks of the tests are configured with, and the committed dev stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
SECRET = "false-client-secret"
SECRET_SECTION = "vault-aws-federation:humanLoginSecrets"
USER = {"credentialType": "iam_user", "policy": "policies/aws/get-own-user.json"}
"""A Vault role whose users may look at themselves."""


def committed() -> dict[str, Any]:
    """Return the dev stack's configuration as the engine hands it to the program.

    Each encrypted value is replaced by a false one.
    """
    loaded = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text("utf-8"))
    config: dict[str, Any] = loaded["config"]
    secrets = config[SECRET_SECTION]
    assert all(set(value) == {"secure"} for value in secrets.values())
    return {**config, SECRET_SECTION: dict.fromkeys(secrets, SECRET)}


def engines_in(places: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of engines, all mounted at ``aws``, by key and the namespace of each."""
    return {
        key: {
            "account": "main",
            "audience": f"vault-{key}",
            "path": "aws",
            "namespace": place,
            "roles": {"my-role": USER},
        }
        for key, place in places.items()
    }
