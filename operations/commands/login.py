"""``vaultaws login``."""

from enum import StrEnum
from typing import Annotated

import typer

from operations.commands.options import Address, Json, Namespace, Stack

EXAMPLE = "vaultaws login --method aws --role dev-role-iam --profile main-app --stack dev"


class Kind(StrEnum):
    """Ways to log in, as Vault calls the auth methods."""

    oidc = "oidc"
    aws = "aws"


def run(
    stack: Stack = "",
    *,
    method: Annotated[
        Kind, typer.Option(help="oidc: a person in a browser; aws: with AWS credentials.")
    ] = Kind.oidc,
    role: Annotated[
        str, typer.Option(help="Vault role; needed where there are several.", show_default=False)
    ] = "",
    path: Annotated[
        str,
        typer.Option(
            help="Path of the auth method, or its name in the settings (default: the only one of "
            "the stack, else the method's name).",
            show_default=False,
        ),
    ] = "",
    address: Address = "",
    namespace: Namespace = "",
    server_id: Annotated[
        str,
        typer.Option(
            help="aws: what the method wants to be signed (default: the stack's, else the host "
            "of the address).",
            show_default=False,
        ),
    ] = "",
    region: Annotated[
        str,
        typer.Option(
            help="aws: region of the method's account (default: the stack's, else AWS_REGION).",
            show_default=False,
        ),
    ] = "",
    profile: Annotated[
        str,
        typer.Option(
            help="aws: AWS profile to log in as (default: the environment's credentials).",
            show_default=False,
        ),
    ] = "",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="oidc: print the address instead of opening it.")
    ] = False,
    print_token: Annotated[
        bool, typer.Option("--print", help="Print the token alone, and keep it nowhere.")
    ] = False,
    json: Json = False,
) -> None:
    """Log in to Vault, and say which AWS credentials one may read then.

    The token is kept where Vault's own command line keeps it, in ~/.vault-token, for the other
    commands and for `vault`. With --stack, everything else is taken from the stack's outputs;
    without, from VAULT_ADDR, VAULT_NAMESPACE and the options.
    """
    from operations import terminal
    from operations.login import log_in, methods, token_file
    from operations.whereabouts import whereabouts

    if print_token and json:
        raise typer.BadParameter("is the token alone: leave out --json", param_hint="--print")
    place = whereabouts(stack, address, namespace)
    wanted = methods.Wanted(
        kind=method.value, role=role, path=path, server_id=server_id, region=region
    )
    meant = methods.method(place, wanted)
    token = log_in.token(meant, profile=profile or None, browser_wanted=not no_browser)
    if print_token:
        print(token)
        return
    token_file.store(token)
    with terminal.progress("asking Vault what may be read"):
        came_of_it = log_in.look(place, meant, token)
    if json:
        terminal.print_json(log_in.document(meant, came_of_it))
    else:
        print(log_in.told(place, meant, came_of_it))
