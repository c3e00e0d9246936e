"""The engine that is built here: what is left out of it says so, and it installs a project."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.lab.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PULUMI = ROOT / ".tools/bin/pulumi"
pytestmark = pytest.mark.skipif(
    not PULUMI.exists(), reason="this machine has an engine of its own, and none is built"
)


def _pulumi(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PULUMI, *arguments, "--non-interactive"],
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": f"{PULUMI.parent}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": "laboratory",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "GOOGLE_OAUTH_ACCESS_TOKEN": "none",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(folder / "links"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "url", ["s3://bucket", "gs://bucket", "azblob://bucket", "postgres://host/db"]
)
def test_a_place_for_the_state_that_is_left_out_is_named(url: str, tmp_path: Path) -> None:
    refused = _pulumi(tmp_path, "login", url)
    assert refused.returncode != 0
    assert "is not built into this program of the laboratory" in refused.stderr + refused.stdout
    assert url.partition("/")[0] in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    "url", ["awskms://key", "gcpkms://key", "azurekeyvault://key", "hashivault://key"]
)
def test_a_keeper_of_secrets_that_is_left_out_is_named(url: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: any\nruntime: python\n")
    refused = _pulumi(tmp_path, "stack", "init", "any", "--secrets-provider", url)
    assert refused.returncode != 0
    assert "is not built into this program of the laboratory" in refused.stderr + refused.stdout
    assert url.partition("/")[0] in refused.stderr + refused.stdout


def test_a_project_is_installed_into_the_environment_that_it_names(tmp_path: Path) -> None:
    """Without a network: pip stops where it looks for itself, in the right place."""
    (tmp_path / "Pulumi.yaml").write_text(
        "name: any\nruntime:\n  name: python\n  options:\n"
        "    toolchain: pip\n    virtualenv: .venv\n"
    )
    (tmp_path / "__main__.py").touch()
    (tmp_path / "links").mkdir()
    _pulumi(tmp_path, "install")
    assert (tmp_path / ".venv/bin/python").exists()
    assert not (tmp_path / "bin").exists()
