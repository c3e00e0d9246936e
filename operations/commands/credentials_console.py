"""``vaultaws credentials console``."""

import sys
from typing import Annotated

import typer

from operations.commands.options import Address, EngineRole, Json, Namespace, Region, Show, Stack

NAME = "credentials console"
EXAMPLE = "vaultaws credentials console aws/deploy --print"


def run(
    name: EngineRole,
    *,
    stack: Stack = "",
    address: Address = "",
    namespace: Namespace = "",
    region: Region = "",
    page: Annotated[
        str,
        typer.Option(help="Page to open (default: the region's first one).", show_default=False),
    ] = "",
    print_address: Annotated[
        bool,
        typer.Option(
            "--print",
            help="Print the address instead of opening it: who has it is signed in, for 15 min.",
        ),
    ] = False,
    show: Show = False,
    json: Json = False,
) -> None:
    """Open the AWS console as a session of a Vault role.

    A session of an `assumed_role` signs in as it is and ends with its lease, within the hour. The
    user of an `iam_user` signs in by a session of GetFederationToken, if the policy of the Vault
    role allows `sts:GetFederationToken`, and without access to IAM itself.
    """
    from operations import OperationError, terminal
    from operations.credentials import console, targets
    from operations.whereabouts import whereabouts

    if json and sys.stdout.isatty() and not show:
        raise OperationError("the address signs in whoever has it: --show shows it on a terminal")
    meant = targets.target(whereabouts(stack, address, namespace), name, region)
    with terminal.progress(f"signing in as {name}"):
        signed_in = console.sign_in(meant, page)
    if json:
        terminal.print_json({"name": name, "url": signed_in.url, "until": signed_in.until})
    elif print_address:
        print(signed_in.url)
    else:
        console.open_once(signed_in.url)
        print(f"the console is open until {signed_in.until}")
