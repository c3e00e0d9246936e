"""Says what a deployed stack consists of and what to type next."""

from __future__ import annotations

from typing import Any

_Entries = dict[str, dict[str, Any]]


def describe(stack: str, outputs: dict[str, Any]) -> str:
    """Return the summary of a stack's outputs."""
    engines: _Entries = outputs.get("secrets_engines", {})
    methods: _Entries = outputs.get("auth_methods", {})
    people: _Entries = outputs.get("human_logins", {})
    commands = [
        *(line for each in engines.values() for line in each["read_credentials"].values()),
        *(line for each in methods.values() for line in each["log_in"].values()),
        *(line for each in people.values() for line in each["log_in"].values()),
    ]
    return "\n".join(
        [
            "",
            f"What exists now, in the stack {stack}",
            *_there(engines, methods),
            "",
            "What to type next",
            '  eval "$(make -s env)"        puts this shell into the laboratory; then',
            *_to_type(stack, engines, methods, people),
            "  python -m lab decisions      shows what AWS was asked, and why it said yes or no",
            "  make preview                 shows what a change of the settings would do",
            "  make down                    destroys the stack",
            *(["", "With Vault's own command line, beside these"] if commands else []),
            *(f"  {command}" for command in commands),
        ]
    )


def _there(engines: _Entries, methods: _Entries) -> list[str]:
    lines: list[str] = []
    for key, engine in engines.items():
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
    for key, method in methods.items():
        lines += [
            f"  auth method {key}",
            f"    mount       auth/{method['mount']}/ in Vault, holding no AWS key",
            f"    role        {method['role_arn']}",
            f"    trusts      {method['subject']}",
            f"    for         {method['audience']}",
            f"    logins sign {method['server_id']}",
        ]
    return lines


def _to_type(stack: str, engines: _Entries, methods: _Entries, people: _Entries) -> list[str]:
    """Say how to read credentials and how to log in; nothing of what there is not."""
    readable = [f"{key}/{role}" for key in engines for role in engines[key]["read_credentials"]]
    by_aws = [f"--path {key} --role {role}" for key in methods for role in methods[key]["log_in"]]
    in_person = [f"--path {key} --role {role}" for key in people for role in people[key]["log_in"]]
    return [
        *(f"  vaultaws credentials {name} --stack {stack} --exec -- COMMAND" for name in readable),
        *(_said("runs a command with AWS credentials that end after it") if readable else []),
        *(f"  vaultaws login --method aws {which} --stack {stack}" for which in by_aws),
        *(_said("logs in as a bound principal of AWS; in the") if by_aws else []),
        *(_said("laboratory, --profile main-app is such a one") if by_aws else []),
        *(f"  vaultaws login {which} --stack {stack}" for which in in_person),
        *(_said("does what a person does first") if in_person else []),
    ]


def _said(text: str) -> list[str]:
    return [f"{'':31}{text}"]
