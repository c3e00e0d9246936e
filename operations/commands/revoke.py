"""``vaultaws revoke``, which a lease guard does too."""

from typing import Annotated

import typer

from operations.commands.options import Json

EXAMPLE = "vaultaws revoke aws my-role"


def run(
    mount: Annotated[str, typer.Argument(help="Path of the secrets engine.")],
    role: Annotated[str, typer.Argument(help="Name of the Vault role.")],
    *,
    address: Annotated[
        str, typer.Option(envvar="VAULT_ADDR", help="Address of Vault.", show_default=False)
    ] = "",
    namespace: Annotated[
        str, typer.Option(envvar="VAULT_NAMESPACE", help="Namespace of the engine.")
    ] = "",
    deadline: Annotated[
        float,
        typer.Option(
            envvar="LEASE_REVOCATION_SECONDS",
            min=0,
            metavar="SECONDS",
            help="Give up when nothing got better for so long.",
        ),
    ] = 90.0,
    json: Json = False,
) -> None:
    """Revoke every lease of one Vault role, and end when none is left.

    The token of VAULT_TOKEN needs `list` and `sudo` on sys/leases/lookup and `update` and `sudo` on
    sys/leases/revoke-prefix of the role's two prefixes, `read` on sys/mounts of the engine, `read`
    and `update` on its config/root, `list` on its roles, and `read` on sys/in-flight-req of the
    root namespace.
    """
    from operations import terminal
    from operations.leases.revoke import revoke_all, said

    if not address:
        raise typer.BadParameter("set it, or VAULT_ADDR", param_hint="--address")
    with terminal.told(as_json=json):
        count = revoke_all(address, namespace, mount, role, deadline=deadline)
    if json:
        terminal.print_json({"mount": mount, "role": role, "revoked": count})
    else:
        print(said(mount, role, count))
