"""Options that several commands have, so that they read alike everywhere.

Typer reads these types as a command is made, so they are no names for checkers alone.
"""

from typing import Annotated

import typer

Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        "-s",
        envvar="PULUMI_STACK",
        show_default=False,
        help="Name of the stack; without it, the one that `pulumi stack select` chose.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Show = Annotated[bool, typer.Option("--show", help="Show secrets, which are hidden otherwise.")]
Address = Annotated[
    str,
    typer.Option(
        help="Address of Vault, without a stack (default: VAULT_ADDR).", show_default=False
    ),
]
Namespace = Annotated[
    str,
    typer.Option(help="Namespace in it (default: VAULT_NAMESPACE, else root).", show_default=False),
]
EngineRole = Annotated[
    str,
    typer.Argument(
        metavar="ENGINE/ROLE", help="Secrets engine and Vault role.", show_default=False
    ),
]
Region = Annotated[
    str,
    typer.Option(
        help="Region that AWS is asked in (default: the engine's of the stack, else AWS_REGION).",
        show_default=False,
    ),
]
