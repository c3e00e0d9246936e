"""``vaultaws credentials install``."""

from typing import Annotated

import typer

from operations.commands.options import Address, Json, Namespace, Region, Stack

NAME = "credentials install"
EXAMPLE = "vaultaws credentials install --stack dev"


def run(
    stack: Stack = "",
    *,
    address: Address = "",
    namespace: Namespace = "",
    region: Region = "",
    prefix: Annotated[
        str,
        typer.Option(
            help="What the names of the profiles begin with, for a second Vault.",
            show_default=False,
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Write a profile for the AWS CLI and SDKs for every role that one may read.

    `aws --profile aws/my-role s3 ls` works then, and so does every SDK; credentials are read when
    they are needed, shared by all processes and renewed before they end. The file is that of
    AWS_CONFIG_FILE, else ~/.aws/config. Profiles of others stay as they are; repeated, it changes
    what has changed, and takes out its own profiles of what may no longer be read.
    """
    from operations import terminal
    from operations.credentials import install
    from operations.whereabouts import whereabouts

    place = whereabouts(stack, address, namespace)
    with terminal.progress("asking Vault what may be read"):
        done = install.install(place, prefix=prefix, region=region)
    became = {
        "added": done.added,
        "changed": done.changed,
        "as it was": done.kept,
        "taken out": done.removed,
        "somebody else's of this name, left alone": done.foreign,
    }
    if json:
        terminal.print_json({"file": str(install.config_file()), "profiles": became})
    else:
        rows = [(name, what) for what, names in became.items() for name in names]
        terminal.table("profiles", ("profile", "is"), rows)
        print(f"in {install.config_file()}")
        usable = [*done.added, *done.changed, *done.kept]
        if usable:
            print(f"try: aws --profile {usable[0]} sts get-caller-identity")
    if done.foreign:
        raise typer.Exit(1)
