"""This shell and this machine: what leads an update astray, and what was not tested."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from federation import servers
from operations.doctor.rows import broken, judged, ok, warn
from operations.engine import pulumi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from operations.doctor.rows import Row
    from settings import Settings

PINNED = Path(__file__).parents[2] / "requirements" / "program.txt"
"""What the program is tested with."""
PLUGINS = ("pulumi-aws", "pulumi-vault", "pulumi-command")
"""Packages whose version is that of a plugin, too."""
_NO_PLUGINS = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"

MASKING = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Credentials that a Vault server takes before its federation, if it is started with them."""
FILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
"""Ways to credentials in files, which whoever deploys needs and Vault must not have."""
MISLEADING = {
    "VAULT_AGENT_ADDR": "the official provider asks Vault there, whatever the settings say",
    "VAULT_PROXY_ADDR": "the official provider goes to Vault by that proxy",
    "VAULT_HTTP_PROXY": "the official provider goes to Vault by that proxy",
    "VAULT_SKIP_VERIFY": "the official provider then trusts whoever answers for Vault",
    "VAULT_TLS_SERVER_NAME": "the official provider expects Vault's certificate to have that name",
    "AWS_ENDPOINT_URL": "AWS is asked there, and not where Vault asks it",
    "AWS_ENDPOINT_URL_IAM": "IAM is asked there, and not where Vault asks it",
    "AWS_ENDPOINT_URL_STS": "STS is asked there, and not where Vault asks it",
    "PULUMI_SKIP_CHECKPOINTS": "an engine that is killed leaves no record of what it made",
}
"""What leads the update elsewhere than declared."""
_OFF = ("", "0", "f", "false")


def environment(held: Mapping[str, str]) -> Iterator[Row]:
    """Tell which variables would mask the federation, or lead the update elsewhere.

    Args:
        held: The environment.
    """
    what = "this shell, variables"
    misleading = [name for name in MISLEADING if held.get(name, "").lower() not in _OFF]
    if misled := servers.misled(held.get("VAULT_NAMESPACE")):
        yield judged(what, misled, "")
    for name in misleading:
        told = f"{name} is set: {MISLEADING[name]}"
        yield warn(what, told, f"unset {name}, unless it is meant")
    if not misled and not misleading:
        yield ok(what, "none leads an update elsewhere")
    masking = [name for name in MASKING if held.get(name)]
    if masking:
        yield warn(
            "this shell, AWS credentials",
            f"{', '.join(masking)}: a Vault server that is started with them takes them before "
            "its federation, which they mask",
            "Start no Vault server from this shell; to deploy, a profile does as well",
        )
    else:
        found = ", ".join(f"{name} is {held[name]}" for name in FILES[:2] if held.get(name))
        told = f"; {found}, which no Vault server must be started with" if found else ""
        yield ok("this shell, AWS credentials", f"holds none itself{told}")


def address(settings: Settings, held: Mapping[str, str]) -> Iterator[Row]:
    """Tell whether the commands typed in this shell go to the Vault that the settings declare."""
    typed, declared = held.get("VAULT_ADDR", "").rstrip("/"), settings.vault.address
    if typed and typed != declared:
        told = f"VAULT_ADDR is {typed}; this stack's Vault is {declared}, which the update uses"
        yield warn("this shell, address", told, f"export VAULT_ADDR={declared}")


def versions() -> Iterator[Row]:
    """Tell whether the engine and the packages are those that the program is tested with."""
    tested = pinned(PINNED.read_text("utf-8"))
    there = pulumi("version").strip().removeprefix("v")
    yield engine(there, tested["pulumi"])
    other = {
        name: (version, found)
        for name, version in tested.items()
        if (found := _installed(name)) != version
    }
    what = "this machine, packages"
    if other:
        told = "; ".join(
            f"{name} is {found or 'absent'}, tested is {version}"
            for name, (version, found) in sorted(other.items())
        )
        yield warn(what, told, "pip install -r requirements.txt, in the project's .venv")
    else:
        yield ok(what, "those that the program is tested with")


def engine(there: str, tested: str) -> Row:
    """Judge the engine's version by the one that the program is tested with."""
    what = "this machine, Pulumi"
    if _number(there)[:2] < _number(tested)[:2]:
        return broken(what, f"{there}; the program needs {tested}", f"Install Pulumi {tested}")
    if there == tested:
        return ok(what, f"{there}, which the program is tested with")
    if _number(there)[0] > _number(tested)[0]:
        return warn(what, f"{there}; tested is {tested}", f"Use Pulumi {tested}, or try it first")
    return ok(what, f"{there}; tested is {tested}")


def plugins(held: Mapping[str, str]) -> Iterator[Row]:
    """Tell whether the plugins are there whose packages the program is tested with."""
    tested, what = pinned(PINNED.read_text("utf-8")), "this machine, plugins"
    listed: list[dict[str, str]] = json.loads(pulumi("plugin", "ls", "--json"))
    there = {(each["name"], each.get("version")) for each in listed}
    wanted = {name.removeprefix("pulumi-"): tested[name] for name in PLUGINS}
    absent = [f"{name} {number}" for name, number in wanted.items() if (name, number) not in there]
    if not absent:
        told = ", ".join(f"{name} {number}" for name, number in wanted.items())
        yield ok(what, f"{told}, which the program is tested with")
    elif held.get(_NO_PLUGINS, "").lower() in _OFF:
        fix = "Nothing, where this machine reaches Pulumi's plugins; else `pulumi plugin install`"
        yield warn(what, f"{', '.join(absent)}: not here yet, fetched by the update", fix)
    else:
        fix = f"pulumi plugin install resource NAME VERSION, or unset {_NO_PLUGINS}"
        yield broken(what, f"{', '.join(absent)}: not here, and may not be fetched", fix)


def pinned(requirements: str) -> dict[str, str]:
    """Return the versions of Pulumi's packages in a requirements file, by name."""
    return dict(re.findall(r"^(pulumi[a-z-]*)==([^\s\\;]+)", requirements, re.MULTILINE))


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
