"""``vaultaws credentials``."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from operations.commands.options import Address, EngineRole, Json, Namespace, Region, Show, Stack

EXAMPLE = "vaultaws credentials aws/deploy"


class Form(StrEnum):
    """What is printed."""

    shell = "shell"
    process = "process"


def run(
    name: EngineRole,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="With --exec: the command.", show_default=False),
    ] = None,
    *,
    stack: Stack = "",
    address: Address = "",
    namespace: Namespace = "",
    region: Region = "",
    execute: Annotated[
        bool, typer.Option("--exec", help="Run COMMAND with them, and revoke the lease after it.")
    ] = False,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="shell: exports for eval; process: for credential_process of the AWS CLI and "
            "SDKs, from a cache that all processes share.",
        ),
    ] = Form.shell,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="With --format process: pass over the cache.")
    ] = False,
    show: Show = False,
    json: Json = False,
) -> None:
    """Read AWS credentials from Vault: for a shell, for one command, or for AWS's own clients.

    `vaultaws credentials aws/my-role --exec -- aws s3 ls` runs one command with them;
    `eval "$(vaultaws credentials aws/my-role)"` puts them into the shell. To be asked for them by
    the AWS CLI itself, see `vaultaws credentials install`; for a browser, `vaultaws credentials
    console`.

    The key of a new IAM user is handed out once AWS STS knows it, which takes seconds, at most 60.
    """
    from operations import OperationError, terminal
    from operations.credentials import cache, targets
    from operations.whereabouts import whereabouts

    if execute != bool(command):
        raise typer.BadParameter("needs a command: --exec -- COMMAND", param_hint="--exec")
    if execute and (json or show or form is not Form.shell):
        raise typer.BadParameter("prints nothing of its own", param_hint="--exec")
    if json and form is not Form.shell:
        raise typer.BadParameter("is JSON already: leave out --json", param_hint="--format process")
    if fresh and form is not Form.process:
        raise typer.BadParameter("is about the cache of --format process", param_hint="--fresh")
    on_screen = sys.stdout.isatty() and not execute
    if on_screen and form is Form.process:
        raise OperationError(
            "this prints secrets for a program, and stdout is a terminal: the AWS CLI and SDKs run "
            "it as the credential_process of a profile, which `vaultaws credentials install` makes"
        )
    if on_screen and not show:
        raise OperationError(
            "stdout is a terminal, so no credentials were read. Take them into this shell by\n"
            f'  eval "$(vaultaws credentials {name})"\nor run one command by\n'
            f"  vaultaws credentials {name} --exec -- COMMAND\nor have them shown by --show"
        )
    meant = targets.target(whereabouts(stack, address, namespace), name, region)
    if form is Form.process:
        terminal.print_json(cache.shared(meant, fresh=fresh).for_process())
        return

    from operations.credentials import issue, shell

    with terminal.progress(f"reading credentials of {name}"):
        issued = issue.issue(meant)
    if command:
        raise typer.Exit(shell.execute(meant, issued, command))
    if json:
        terminal.print_json({"name": name, **issued.for_process(), "lease_id": issued.lease_id})
    else:
        print(shell.exports(issued, meant.region or issued.region))
