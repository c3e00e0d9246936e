"""Measure a fleet in the laboratory: up, a preview without changes, destroy, and nothing left.

``python -m examples.fleet.measure --stacks 20 --federations 10``, in the project's folder, within
``eval "$(make -s env)"``: 200 federations, each one secrets engine and one auth method with a role,
in the accounts of the example's table. Prints a row a command, for docs/performance.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import hvac

from examples.fleet.make import TABLE
from examples.fleet.run import AT_ONCE, Report, Runner
from examples.fleet.table import MOST_AUDIENCES, Fleet, TableError, check, read

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADINGS = """\
| command | stacks | wall s | mean stack s | slowest stack s |
|--|--|--|--|--|"""


def table(template: Fleet, *, count: int, federations: int) -> Fleet:
    """Return a table of that many stacks in the template's accounts.

    The stacks are dealt out to the accounts, and a next namespace is begun where the identity
    providers of one have no room for more.

    Raises:
        TableError: A single stack has more audiences than an identity provider knows.
    """
    accounts = sorted(template.accounts)
    one = max(1, federations * len(template.templates))
    shared = max(1, (MOST_AUDIENCES - 1) // one) * len(accounts)
    applications = [f"app-{number:03d}" for number in range(federations)]
    teams = [
        {
            "team": f"team-{number:03d}",
            "account": accounts[number % len(accounts)],
            "namespace": f"unit-{number // shared:02d}",
            "applications": applications,
        }
        for number in range(count)
    ]
    fleet = Fleet.model_validate({**template.model_dump(by_alias=True), "teams": teams})
    check(fleet)
    return fleet


def held(fleet: Fleet) -> set[str]:
    """Return the names of all that Vault and the accounts hold and a fleet could leave behind."""
    return {*_held_by_vault(), *_held_by_aws(fleet)}


def _held_by_vault() -> Iterator[str]:
    vault = hvac.Client()
    lists = {
        "mount": vault.sys.list_mounted_secrets_engines()["data"],
        "auth": vault.sys.list_auth_methods()["data"],
        "policy": vault.sys.list_policies()["data"]["policies"],
        "key": (vault.list("identity/oidc/key") or {"data": {"keys": []}})["data"]["keys"],
        "namespace": (vault.list("sys/namespaces") or {"data": {"keys": []}})["data"]["keys"],
    }
    yield from (f"{kind} {name}" for kind, names in lists.items() for name in names)
    issuer = (vault.read("identity/oidc/config") or {"data": {"issuer": ""}})["data"]["issuer"]
    yield f"issuer {issuer}"


def _held_by_aws(fleet: Fleet) -> Iterator[str]:
    for account in fleet.accounts.values():
        session = boto3.Session(profile_name=account.get("profile"))
        iam = session.client("iam", region_name=account["region"])
        for roles in iam.get_paginator("list_roles").paginate():
            yield from (role["Arn"] for role in roles["Roles"])
        for users in iam.get_paginator("list_users").paginate():
            yield from (user["Arn"] for user in users["Users"])
        providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        yield from (provider["Arn"] for provider in providers)


def row(report: Report) -> str:
    """Return a report as a row below :data:`HEADINGS`."""
    slowest, many = report.slowest, len(report.results)
    mean = sum(result.seconds for result in report.results) / many
    return (
        f"| {report.command} | {many} | {report.seconds:.0f} | {mean:.1f} | "
        f"{slowest.seconds:.1f} ({slowest.stack}) |"
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure; 1 if a stack failed, a preview showed a change, or something is left."""
    parser = argparse.ArgumentParser(prog="python -m examples.fleet.measure", description=__doc__)
    parser.add_argument("--stacks", type=int, default=20, metavar="N")
    parser.add_argument("--federations", type=int, default=10, metavar="N", help="a stack")
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, metavar="N", help="stacks at a time"
    )
    given = parser.parse_args(arguments)
    try:
        fleet = table(read(TABLE), count=given.stacks, federations=given.federations)
    except TableError as error:
        print(error, file=sys.stderr)
        return 2
    runner, before = Runner(fleet, Path(), at_once=given.at_once), held(fleet)
    reports = [runner.run("up"), runner.run("preview", no_changes=True)]
    reports.append(runner.run("destroy", remove=True))
    left = sorted(held(fleet) - before)
    for report in reports:
        if report.failed:
            print(report.text())
    print(f"\n{given.stacks * given.federations} federations, {given.at_once} stacks at a time\n")
    print("\n".join([HEADINGS, *map(row, reports)]))
    print("\nleft behind: " + (", ".join(left) or "nothing"))
    return int(bool(left) or any(report.failed for report in reports))


if __name__ == "__main__":
    sys.exit(main())
