"""Check the project's own Go code: formatting, ``go vet`` and its tests."""

from __future__ import annotations

import subprocess
import sys

from tools import go
from tools.bootstrap import LOGS, ROOT, compiler
from tools.stage import Stage
from tools.trimmed import modfile


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
    # What stands in for absent modules (tools/absent) is compiled with what imports it.
    programs = (go.laboratory_vault(ROOT).programs[0], go.plugins(ROOT).programs[0])
    return next((code for program in programs if (code := _check(program, str(tool)))), 0)


def _check(program: go.GoProgram, tool: str) -> int:
    env = go.environment()
    with Stage(f"go vet and test, {program.name}", LOGS / "check-go.log", quiet=True) as stage:
        flags = modfile(program.module, program.trimmed, tool, stage, env)
    # Vetted once: `go test` would look through all of Vault again, for less.
    for command in (("vet",), ("test", "-vet=off")):
        # The same flags as the build: others would compile all of Vault once more.
        code = subprocess.run(
            [tool, *command, *flags, "-trimpath", "./..."],
            cwd=program.module,
            env=env,
            check=False,
        ).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
