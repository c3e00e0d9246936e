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
