"""Make a fleet's files from its table.

``python -m examples.fleet.make``, in the project's folder, writes ``Pulumi.<stack>.yaml`` of every
stack there, and on request what other engines take: ``--kubernetes FILE``, ``--workflow FILE``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from examples.fleet import engines, stacks
from examples.fleet.table import TableError, read

TABLE = Path("examples/fleet/fleet.yaml")
"""The table that is read unless another is named, in the project's folder."""


def kubernetes_text(objects: list[engines.Document]) -> str:
    """Return objects as one file for ``kubectl apply``."""
    return stacks.HEAD + "---\n".join(map(stacks.text, objects))


def workflow_text(workflow: engines.Document) -> str:
    """Return a workflow as a file; ``on`` stays a word, which YAML 1.1 would read as true."""
    return stacks.HEAD + stacks.text(workflow).replace("'on':", "on:", 1)


def forgotten(folder: Path, names: list[str]) -> list[str]:
    """Return the stacks whose files were made from a table that still had them."""
    made = {
        file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        for file in folder.glob("Pulumi.*.yaml")
        if file.read_text("utf-8").startswith(stacks.HEAD)
    }
    return sorted(made - set(names))


def main(arguments: list[str] | None = None) -> int:
    """Write the files, and say which stacks are no longer in the table."""
    parser = argparse.ArgumentParser(prog="python -m examples.fleet.make", description=__doc__)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--kubernetes", type=Path, metavar="FILE")
    parser.add_argument("--workflow", type=Path, metavar="FILE")
    given = parser.parse_args(arguments)
    try:
        fleet = read(given.table)
        stacks.write(fleet, Path())
        if given.kubernetes:
            given.kubernetes.write_text(kubernetes_text(engines.operator_objects(fleet)), "utf-8")
        if given.workflow:
            given.workflow.write_text(workflow_text(engines.workflow(fleet)), "utf-8")
    except (TableError, yaml.YAMLError) as error:
        print(error, file=sys.stderr)
        return 1
    names = list(stacks.stacks(fleet))
    print(f"{len(names)} stacks: {', '.join(names)}")
    for stack in forgotten(Path(), names):
        print(
            f"{stack} is no longer in the table: type `pulumi destroy --stack {stack}`, then "
            f"`pulumi stack rm {stack}`, which deletes its file too"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
