"""The committed dev stack's configuration as the engine hands it to the program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
SECRET = "false-client-secret"
SECRET_SECTION = "vault-aws-federation:humanLoginSecrets"


def committed() -> dict[str, Any]:
    """Return the dev stack's configuration, each encrypted value replaced by a false one."""
    loaded = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text("utf-8"))
    config: dict[str, Any] = loaded["config"]
    secrets = config[SECRET_SECTION]
    assert all(set(value) == {"secure"} for value in secrets.values())
    return {**config, SECRET_SECTION: dict.fromkeys(secrets, SECRET)}
