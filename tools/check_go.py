"""Check the project's own Go code: formatting, ``go vet``, staticcheck and its tests."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tools import go
from tools.bootstrap import LOGS, ROOT, built, compiler
from tools.stage import Stage
from tools.trimmed import modfile

if TYPE_CHECKING:
    from pathlib import Path


def main() -> int:
    """Return the first failing check's exit code."""
    tool = compiler()
    unformatted = subprocess.run(
        [str(tool.parent / "gofmt"), "-l", "lab", "tools"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if unformatted:
        print(f"not formatted as gofmt would:\n{unformatted}", file=sys.stderr)
        return 1
    linter = built(go.staticcheck(ROOT)) / "staticcheck"
    # What stands in for absent modules (tools/absent) is compiled with what imports it.
    programs = (go.laboratory_vault(ROOT).programs[0], go.plugins(ROOT).programs[0])
    return next((code for program in programs if (code := _check(program, tool, linter))), 0)


def _check(program: go.GoProgram, tool: Path, linter: Path) -> int:
    env = go.environment()
    with Stage(f"go vet and test, {program.name}", LOGS / "check-go.log", quiet=True) as stage:
        flags = modfile(program.module, program.trimmed, str(tool), stage, env)
    # Who asks `go` by itself takes flags and compiler from its environment.
    asking = env | {
        "GOFLAGS": " ".join([env["GOFLAGS"], *flags]),
        "PATH": os.pathsep.join([str(tool.parent), env.get("PATH", os.defpath)]),
    }
    # Vetted once: `go test` would look through all of Vault again, for less.
    commands: list[tuple[list[str], dict[str, str]]] = [
        ([str(tool), "vet", *flags], env),
        ([str(linter)], asking),
        ([str(tool), "test", "-vet=off", *flags], env),
    ]
    for command, around in commands:
        ended = subprocess.run([*command, "./..."], cwd=program.module, env=around, check=False)
        if ended.returncode:
            return ended.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
