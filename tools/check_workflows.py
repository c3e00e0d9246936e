"""Check the workflows: actionlint for what GitHub would refuse, zizmor for what is unsafe."""

from __future__ import annotations

import subprocess
import sys

from tools import go
from tools.bootstrap import ROOT, built

FOLDER = ROOT / ".github"


def main() -> int:
    """Return the first failing check's exit code."""
    linter = built(go.actionlint(ROOT)) / "actionlint"
    workflows = sorted(FOLDER.glob("workflows/*.yml"))
    commands = (
        # What is installed beside it on some machines only would judge differently on others.
        [str(linter), "-no-color", "-shellcheck=", "-pyflakes=", *map(str, workflows)],
        # Offline: what it would ask of GitHub is no part of what is checked here.
        [str(ROOT / ".venv/bin/zizmor"), "--offline", "--no-progress", "--quiet", str(FOLDER)],
    )
    return next((code for command in commands if (code := _run(command))), 0)


def _run(command: list[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
