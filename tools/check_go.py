"""Check the laboratory's Go code: formatting, vet, unit tests, with the flags it is built with."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tools import go
from tools.bootstrap import ROOT, compiler

if TYPE_CHECKING:
    from pathlib import Path

MODULES = ("lab/vault", "lab/plugins")
"""Folders with Go code of this project; the modules in ``tools/`` only name what others wrote."""


def main() -> int:
    """Return the first failing check's exit code."""
    tool = compiler()
    return next((code for module in MODULES if (code := _check(tool, ROOT / module))), 0)


def _check(tool: Path, module: Path) -> int:
    unformatted = subprocess.run(
        [str(tool.parent / "gofmt"), "-l", "."],
        cwd=module,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if unformatted:
        print(f"not formatted as gofmt would, in {module}:\n{unformatted}", file=sys.stderr)
        return 1
    # Vetted once: `go test` would look through all of Vault again, for less.
    for command in (("vet",), ("test", "-vet=off")):
        # The same flags as the build: others would compile all of Vault once more.
        code = subprocess.run(
            [str(tool), *command, "-trimpath", "./..."],
            cwd=module,
            env=go.environment(),
            check=False,
        ).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
