"""What is built from Go modules: the engine, its Python host, Vault and plugins to try it on."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools import cache
from tools.trimmed import Trimmed, modfile, replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.stage import Stage

ENGINE_VERSION = "3.259.0"
COMPILER_VERSION = "1.26.2"
PLUGINS = ("aws", "vault", "command")
"""Packages whose plugins the program needs."""
_AWS_SERVICES = ("iam", "sso", "ssooidc", "sts")
"""What Vault's AWS plugins and its way to credentials call."""


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """One binary, pinned by a Go module of its own."""

    name: str
    module: Path
    package: str
    linker_flags: str = "-s -w"
    scripts: tuple[str, ...] = ()
    """Files of ``sdk/v3`` that belong next to the binary."""
    launcher: Path | None = None
    """A script of this project that starts the binary beside it, and is what others start."""
    trimmed: tuple[Trimmed, ...] = ()

    def files(self) -> list[str]:
        """Return the names of the executables that it becomes."""
        launcher = [self.launcher.name] if self.launcher else []
        return [self.name, *(_file(script) for script in self.scripts), *launcher]

    def sources(self) -> list[Path]:
        """Return the files whose content decides what is built."""
        folders = [self.module, *replaced(self.module), *(part.stand_ins for part in self.trimmed)]
        own = {
            path
            for folder in folders
            for path in folder.rglob("*.go")
            if not path.name.endswith("_test.go")
        }
        launcher = [self.launcher] if self.launcher else []
        return [self.module / "go.mod", self.module / "go.sum", *launcher, *own]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """Programs that live in one folder, because they look for each other there."""

    name: str
    programs: tuple[GoProgram, ...]
    folder: str = "bin"
    """Where this clone links them: what people type, and what only the engine starts, apart."""

    def content(self) -> str:
        """Return the cache key: module files, own sources, flags, platform."""
        traits = [trait for program in self.programs for trait in _traits(program)]
        sources = [path for program in self.programs for path in program.sources()]
        return cache.key(sources, *traits, sys.platform, platform.machine())

    def files(self) -> list[str]:
        """Return the names of the executables in the folder."""
        return [name for program in self.programs for name in program.files()]


def engine(root: Path) -> Bundle:
    """Return the Pulumi engine with its Python language host and the two scripts of both."""
    pulumi = "github.com/pulumi/pulumi"
    # Without the version flag `pulumi version` is empty and the Automation API refuses the binary.
    version = f"-X {pulumi}/sdk/v3/go/common/version.Version=v{ENGINE_VERSION}"
    return Bundle(
        name="engine",
        programs=(
            GoProgram(
                name="pulumi",
                module=root / "tools/pulumi",
                package=f"{pulumi}/pkg/v3/cmd/pulumi",
                linker_flags=f"-s -w {version}",
                scripts=(
                    "python/cmd/pulumi-language-python-exec",
                    "python/dist/pulumi-resource-pulumi-python",
                ),
                trimmed=(
                    Trimmed(
                        module="gocloud.dev",
                        kept=("blob", "gcerrors", "internal", "secrets"),
                        stand_ins=root / "tools/absent/parts/gocloud.dev",
                    ),
                ),
            ),
            GoProgram(
                name="pulumi-language-python-host",
                module=root / "tools/python-host",
                package=f"{pulumi}/sdk/v3/python/cmd/pulumi-language-python",
                launcher=root / "tools/python-host/pulumi-language-python",
            ),
        ),
    )


def staticcheck(root: Path) -> Bundle:
    """Return the linter of Go code, for `make check` alone."""
    program = GoProgram(
        name="staticcheck",
        module=root / "tools/staticcheck",
        package="honnef.co/go/tools/cmd/staticcheck",
    )
    return Bundle(name="staticcheck", programs=(program,))


def laboratory_vault(root: Path) -> Bundle:
    """Return the laboratory's Vault."""
    sdk = Trimmed(
        module="github.com/aws/aws-sdk-go",
        kept=("aws", "internal", "private", *(f"service/{name}" for name in _AWS_SERVICES)),
        stand_ins=root / "tools/absent/parts/github.com/aws/aws-sdk-go",
    )
    program = GoProgram(name="lab-vault", module=root / "lab/vault", package=".", trimmed=(sdk,))
    return Bundle(name="lab-vault", programs=(program,))


def plugins(root: Path) -> Bundle:
    """Return the laboratory's Pulumi plugins; see lab/plugins/README.md."""
    versions = plugin_versions(root)
    return Bundle(
        name="plugins",
        programs=tuple(
            GoProgram(
                name=f"pulumi-resource-{name}",
                module=root / "lab/plugins",
                package=f"./{name}",
                linker_flags=f"-s -w -X main.version={versions[name]}",
            )
            for name in PLUGINS
        ),
        folder="plugins",
    )


def terraform_vault(root: Path) -> Bundle:
    """Return Terraform's Vault provider, of the same module as Pulumi's, for `make bench` alone."""
    name = "terraform-provider-vault"
    program = GoProgram(
        name=name, module=root / "lab/plugins", package=f"github.com/hashicorp/{name}"
    )
    return Bundle(name=name, programs=(program,))


def actionlint(root: Path) -> Bundle:
    """Return the linter of workflows; PyPI's packages of it download a binary elsewhere."""
    program = GoProgram(
        name="actionlint",
        module=root / "tools/actionlint",
        package="github.com/rhysd/actionlint/cmd/actionlint",
    )
    return Bundle(name="actionlint", programs=(program,))


def plugin_versions(root: Path) -> dict[str, str]:
    """Return the version of each plugin, which is that of its Python package."""
    pinned = (root / "requirements/program.txt").read_text("utf-8")
    found = dict(re.findall(r"^pulumi-(\w+)==(\S+)", pinned, re.MULTILINE))
    return {name: found[name] for name in PLUGINS}


def installed_engine() -> Path | None:
    """Return a ``pulumi`` on PATH that is new enough and not one of ours."""
    return _installed("pulumi", ENGINE_VERSION)


def installed_compiler() -> Path | None:
    """Return a ``go`` on PATH that is new enough for the modules here."""
    return _installed("go", COMPILER_VERSION)


def _installed(program: str, oldest: str) -> Path | None:
    found = shutil.which(program)
    if found is None or Path(found).resolve().is_relative_to(cache.root()):
        return None
    answer = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", answer)
    numbers = tuple(int(part or 0) for part in version.groups()) if version else ()
    return Path(found) if numbers >= tuple(int(part) for part in oldest.split(".")) else None


def environment() -> dict[str, str]:
    """Return the environment of every Go command here: the person's, less what changes builds.

    A compiler lives for a second: one that seldom looks for garbage takes a tenth less time, and
    the limit keeps the few big ones from filling the memory. What a debugger needs is not compiled,
    a quarter of the work, for the linker would leave it out anyway.
    """
    return {
        "GOGC": "400",
        "GOMEMLIMIT": "1GiB",
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath -gcflags=all=-dwarf=false",
        "GOWORK": "off",
    }


@dataclass(frozen=True)
class Fetched:
    """What a program is built from is on this machine."""

    flags: list[str]
    """For every Go command about the program."""
    packages: set[str]


def fetch(program: GoProgram, go: str, stage: Stage, on_module: Callable[[str], None]) -> Fetched:
    """Fetch what ``program`` is built from, telling ``on_module`` of each module."""
    flags = modfile(program.module, program.trimmed, go, stage, environment())
    packages: set[str] = set()

    def listed(line: str) -> None:
        if line.startswith("go: downloading"):
            on_module(line.split()[2])
        elif not line.startswith("go: "):
            packages.add(line)

    stage.run(
        [go, "list", *flags, "-deps", program.package],
        cwd=program.module,
        env=environment(),
        on_line=listed,
    )
    return Fetched(flags, packages)


def compile_program(
    program: GoProgram, go: str, stage: Stage, folder: Path, fetched: Fetched
) -> None:
    """Build ``program`` into ``folder``, reporting the packages compiled."""
    env = environment()
    compiled = 0

    def built(line: str) -> None:
        nonlocal compiled
        if line in fetched.packages:
            compiled += 1
            stage.progress(f"compiled {compiled} of at most {len(fetched.packages)} packages")

    stage.run(
        [
            *(go, "build", *fetched.flags, "-v", "-ldflags", program.linker_flags),
            *("-o", str(folder / program.name), program.package),
        ],
        cwd=program.module,
        env=env,
        on_line=built,
    )
    if program.launcher:
        _executable(program.launcher, folder)
    if program.scripts:
        _install_scripts(program, go, stage, folder, env)


def _install_scripts(
    program: GoProgram, go: str, stage: Stage, folder: Path, env: dict[str, str]
) -> None:
    lines: list[str] = []
    stage.run(
        [go, "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"],
        cwd=program.module,
        env=env,
        on_line=lines.append,
    )
    for script in program.scripts:
        _executable(Path(lines[-1]) / script, folder)


def _executable(script: Path, folder: Path) -> None:
    target = folder / script.name
    shutil.copyfile(script, target)
    target.chmod(0o755)


def _file(script: str) -> str:
    return script.rpartition("/")[2]


def _traits(program: GoProgram) -> tuple[str, ...]:
    kept = [word for part in program.trimmed for word in (part.module, *part.kept)]
    return (program.package, program.linker_flags, *program.scripts, *kept)
