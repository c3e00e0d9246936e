"""Says what a deployed stack consists of and what to type next."""

from __future__ import annotations

import shlex
from typing import Any


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
    for key, method in outputs.get("auth_methods", {}).items():
        lines += [
            f"  auth method {key}",
            f"    mount       auth/{method['mount']}/ in Vault, holding no AWS key",
            f"    role        {method['role_arn']}",
            f"    trusts      {method['subject']}",
            f"    for         {method['audience']}",
            f"    logins sign {method['server_id']}",
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
        "                               (the second way needs no Vault CLI; AWS may not know the",
        "                               key of a new user for ten seconds and more: then repeat)",
        *(line for method in outputs.get("auth_methods", {}).values() for line in _log_in(method)),
        *(f"  {login}" for login in logins),
        *(["                               does what a person does first"] if logins else []),
        "  python -m lab decisions      shows what AWS was asked, and why it said yes or no",
        "  make preview                 shows what a change of the settings would do",
        "  make down                    destroys the stack",
    ]
    return "\n".join(lines)


def _log_in(method: dict[str, Any]) -> list[str]:
    """Say how to log in with one auth method; nothing where it has no Vault roles."""
    said = {"server-id": "server_id", "region": "region", "path": "mount", "namespace": "namespace"}
    where = shlex.join(
        part
        for option, output in said.items()
        if method[output]
        for part in (f"--{option}", method[output])
    )
    ways = [
        line
        for role, command in method["log_in"].items()
        for line in (f"  {command}", f"  python -m operations.log_in {role} {where}")
    ]
    if not ways:
        return []
    return [
        *ways,
        "                               log in with AWS credentials of a bound principal",
        "                               (the second way needs no Vault CLI; in the laboratory",
        "                               AWS_PROFILE=main-app is such a principal)",
    ]
