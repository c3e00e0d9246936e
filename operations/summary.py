"""Say what a deployed stack consists of and what to type next: ``python -m operations.summary``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any


def main() -> int:
    """Print the summary of one stack; return the exit code of the engine where it has none."""
    parser = argparse.ArgumentParser(prog="python -m operations.summary", description=__doc__)
    parser.add_argument("--stack", required=True, help="name of the stack")
    stack = parser.parse_args().stack
    answer = subprocess.run(
        ["pulumi", "stack", "output", "--json", "--stack", stack],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        print(answer.stderr, end="", file=sys.stderr)
        return answer.returncode
    print(describe(stack, json.loads(answer.stdout)))
    return 0


def describe(stack: str, outputs: dict[str, Any]) -> str:
    """Return the summary of a stack's outputs."""
    lines = ["", f"What exists now, in the stack {stack}"]
    commands: list[str] = []
    paths: list[str] = []
    for key, engine in outputs.get("secrets_engines", {}).items():
        lines += [
            f"  secrets engine {key}",
            f"    mount       {engine['mount']}/ in Vault, holding no AWS key",
            f"    namespace   {engine['namespace'] or 'root'}",
            f"    role        {engine['role_arn']}",
            f"    trusts      {engine['subject']}",
            f"    for         {engine['audience']}",
            f"    issued by   {engine['issuer']}",
            f"    thumbprint  {', '.join(engine['thumbprints'])}",
        ]
        commands += engine["read_credentials"].values()
        paths += [
            "/".join(part for part in (engine["namespace"], engine["mount"], "creds", role) if part)
            for role in engine["read_credentials"]
        ]
    logins = [
        command
        for login in outputs.get("human_logins", {}).values()
        for command in login["log_in"].values()
    ]
    curl = 'curl -s -H @- "$VAULT_ADDR/v1/{}" <<< "X-Vault-Token: $VAULT_TOKEN"'
    lines += [
        "",
        "What to type next",
        '  eval "$(make -s env)"        puts this shell into the laboratory; then',
        *(f"  {command}" for command in commands),
        *(f"  {curl.format(path)}" for path in paths),
        "                               read AWS credentials that end with their lease",
        "                               (the second way needs no Vault CLI)",
        *(f"  {login}" for login in logins),
        *(["                               does what a person does first"] if logins else []),
        "  python -m lab decisions      shows what AWS was asked, and why it said yes or no",
        "  make preview                 shows what a change of the settings would do",
        "  make down                    destroys the stack",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
