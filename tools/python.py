"""The Python packages: by uv where it can be had, ten times as fast, else by pip."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sysconfig
from typing import TYPE_CHECKING

from tools import cache
from tools.stage import StageFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tools.stage import Stage

_UV_OF_PIP = {
    "cert": ("SSL_CERT_FILE", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "proxy": ("ALL_PROXY", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
}
"""pip's settings that say how an index is reached, and the variables and separators of uv. Never
arguments: the address of an index may hold a password."""
_TRUE = ("1", "true", "yes", "on")


def install(environment: Path, pins: Sequence[Path], uv_pins: Path, stage: Stage) -> None:
    """Install what ``pins`` list, each checked by its hash, into a virtual environment.

    Raises:
        StageFailedError: pip could not either.
    """
    files = [word for path in pins for word in ("-r", str(path))]
    pip = environment / "bin/pip"
    settings = pip_settings(pip)
    no_index = ["--no-index"] if settings.get("no-index", "").lower() in _TRUE else []
    try:
        stage.run(
            [
                *(_uv(pip, uv_pins, stage), "pip", "install", "--require-hashes"),
                # As pip does: else whoever starts first compiles, at each start where a machine
                # keeps Python from writing what it compiles.
                *("--compile-bytecode", *no_index, *files),
            ],
            cwd=environment,
            env=uv_environment(environment, settings),
            on_line=_shown(stage),
        )
    except StageFailedError:
        stage.progress("uv could not (see the log); installing with pip")
        stage.run(
            [str(pip), "install", "--require-hashes", *files],
            cwd=environment,
            on_line=_shown(stage),
        )


def pip_settings(pip: Path) -> dict[str, str]:
    """Return the machine's settings of pip by name; a variable beats a file, as pip has it."""
    listed = subprocess.run(
        [str(pip), "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in found:
            found[section][key] = str(ast.literal_eval(value))
    return {**found["global"], **found["install"], **found[":env:"]}


def uv_environment(environment: Path, settings: dict[str, str]) -> dict[str, str]:
    """Return uv's environment: the person's own variables, then what ``settings`` tell pip."""
    told = {}
    for key, (name, separator) in _UV_OF_PIP.items():
        if settings.get(key):
            told[name] = separator.join(settings[key].split())
    return {
        # As pip does: the best of all indexes. What may be installed, the hashes say.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        **told,
        **os.environ,
        "VIRTUAL_ENV": str(environment),
        "UV_NO_PROGRESS": "1",
    }


def _uv(pip: Path, pins: Path, stage: Stage) -> str:
    """Return the machine's uv, else the one that comes as a Python package."""
    installed = shutil.which("uv")
    if installed:
        return installed

    def fetch(folder: Path) -> None:
        command = [str(pip), "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        stage.run([*command, "--target", str(folder), "-r", str(pins)], cwd=folder)

    content = cache.key([pins], sysconfig.get_platform())
    return str(cache.entry("uv", content, fetch) / "bin/uv")


def _shown(stage: Stage) -> Callable[[str], None]:
    return lambda line: stage.progress(line[:60])
