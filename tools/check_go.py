"""Check the laboratory's Go code: formatting, vet, unit tests, with the flags it is built with."""

from __future__ import annotations

import subprocess
import sys

from tools import go
from tools.bootstrap import ROOT, compiler


def main() -> int:
    """Return the first failing check's exit code."""
    module = ROOT / "lab/vault"
    tool = compiler()
    formatter = str(tool.parent / "gofmt")
    unformatted = subprocess.run(
        [formatter, "-l", "."], cwd=module, capture_output=True, text=True, check=True
    ).stdout
    if unformatted:
        print(f"not formatted as gofmt would:\n{unformatted}", file=sys.stderr)
        return 1
    for command in ("vet", "test"):
        # The same flags as the build: others would compile all of Vault once more.
        code = subprocess.run(
            [str(tool), command, "-trimpath", "./..."],
            cwd=module,
            env=go.environment(),
            check=False,
        ).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
