"""``vaultaws revoke-sessions``, for when a session may be in the wrong hands."""

from typing import Annotated

import typer

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws revoke-sessions aws --stack dev"


def run(
    role: Annotated[
        str,
        typer.Argument(
            help="Whose sessions: ARN of an IAM role that the stack uses, or the name of a secrets "
            "engine, of a target role, or of an auth method with `auth/` before it."
        ),
    ],
    stack: Stack = "",
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Take the block back.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """End every session of an IAM role that began before now; later ones are not touched.

    AWS's own way: an inline policy of the role, AWSRevokeOlderSessions, denies everything to
    sessions issued before. The mount that acts as the role signs in anew at once, so reading
    credentials goes on. It says what it cannot end, and what does.

    The right it needs is in policies/aws/deploy.json; the token of VAULT_TOKEN needs `read` and
    `update` on the mount's configuration. Vault may be away: then AWS alone is done, and it ends
    with 1. Without a terminal, say --yes.
    """
    from operations import OperationError, engine, terminal
    from operations.sessions import revoke, roles, told

    meant = roles.meant(engine.selected(stack), role)
    if not yes and not terminal.confirmed(told.question(meant, undo=undo)):
        raise OperationError("not confirmed, so nothing was changed; --yes does not ask")
    with terminal.told(as_json=json), terminal.progress("asking AWS"):
        done = revoke.take_back(meant) if undo else revoke.end_sessions(meant)
    if json:
        terminal.print_json(told.document(meant, done))
    else:
        print(told.text(meant, done))
