"""The IAM users that no lease will end: found, and deleted where that is asked for."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clients.errors import AwsError
from clients.iam_users import IamUsers
from federation import left_users
from federation.account import AccountAccess
from federation.left_users import SETTLED, IamUser, Judged, Verdict
from operations import OperationError, deployed, log
from operations.sweep import evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from federation.kept_users import Keeper
    from operations.deployed import Deployed, DeployedMount
    from operations.sweep.evidence import Evidence

MOST_FAILURES = 3
"""Users in a row that AWS does not let go, after which the next ones are not tried."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is to be looked for."""

    stack: str
    paths: Sequence[str]
    """IAM paths beside those of the stack's engines."""
    account: str
    """Only this account; empty for all of the stack."""
    tags: Mapping[str, str]
    older_than: dt.timedelta
    per_second: float
    """Requests to AWS."""
    without_vault: bool
    """Whether users whose leases nobody can know of are left as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An IAM path of an account."""

    access: AccountAccess
    path: str
    mount: DeployedMount | None = None
    """The engine of the stack that makes users there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A user under one of the paths."""

    place: Place
    user: IamUser
    age: dt.timedelta
    judged: Judged
    tags: Mapping[str, str]
    """Of a user that is left or not known; others are not asked for theirs."""
    has: tuple[Keeper, ...]
    """What AWS wants taken from a user that is left before it deletes one."""
    deleted: bool = False
    failure: str = ""
    """Why it is not deleted, though that was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """What was found."""

    found: tuple[Found, ...]
    answers: bool
    """Whether Vault answered."""
    foreign: int
    """Users under a given path who are not named as Vault names them: nobody judges those."""

    def of(self, *verdicts: Verdict) -> list[Found]:
        """Return the users of whom this is thought."""
        return [each for each in self.found if each.judged.verdict in verdicts]

    def trouble(self) -> str:
        """Say what is wrong with what was found; nothing where nobody is left."""
        left = [each for each in self.of(Verdict.LEFT) if not each.deleted]
        lines = []
        if failed := [each for each in left if each.failure]:
            lines.append(f"{len(failed)} user(s) could not be deleted; mend it, and repeat:")
            lines += [f"  {each.user.name}: {each.failure}" for each in failed]
        elif left:
            lines.append(f"{len(left)} user(s) are left behind: --delete deletes them")
        lines += sorted(
            f"of {count} user(s) nobody knows whether they are live: {why}"
            for why, count in Counter(each.judged.why for each in self.of(Verdict.UNKNOWN)).items()
        )
        return "\n".join(lines)


class SweepError(OperationError):
    """It cannot be found out who is left; nothing was deleted."""


def sweep(asked: Asked, *, delete: bool) -> Sweep:
    """Find the users that are left, and delete them if that is asked for.

    Raises:
        SweepError: what is asked cannot be known, with what to do.
        CloudError: Vault or AWS refuses.
    """
    known = _deployed(asked)
    clients: dict[str, IamUsers] = {}
    places = _places(asked, known)
    for place in places:
        account = place.access.account_id
        if account not in clients:
            log.info(f"asking AWS, account {account}")
            clients[account] = IamUsers(place.access, per_second=asked.per_second)
    listed = [
        (place, user)
        for place in places
        for user in clients[place.access.account_id].under(place.path)
    ]
    with ExitStack() as connections:
        # Vault after AWS: a user made meanwhile is not in the list, and its lease does no harm.
        told = _evidence(connections, asked, known)
        roles = _known_roles(known, told)
        ours = [(place, user) for place, user in listed if _is_ours(place, user, asked, roles)]
        judged = [_judged(place, user, asked, told, roles) for place, user in ours]
    old = sum(each.judged.verdict in (Verdict.LEFT, Verdict.UNKNOWN) for each in judged)
    log.info(f"looking at what {old} user(s) have")
    found = tuple(
        each
        for each in (_looked_at(each, clients[each.place.access.account_id]) for each in judged)
        if each.judged.verdict in (Verdict.LIVE, Verdict.YOUNG)
        or not left_users.missing(each.tags, asked.tags)
    )
    if delete:
        found = tuple(_deleted(found, clients))
    return Sweep(found=found, answers=told is not None, foreign=len(listed) - len(ours))


def wrong_path(stack: str, path: str) -> str:
    """Say why users under a path cannot be judged for a stack; nothing where they can."""
    if not (path.startswith("/") and path.endswith("/")):
        return f"{path!r} has not both outer slashes, as in /vault/dev-root-aws/"
    if left_users.is_path_of_a_stack(path) and not left_users.is_path_of(stack, path):
        return (
            f"{path} is a path of another stack, whose leases are not looked at: --stack says which"
        )
    return ""


def _deployed(asked: Asked) -> Deployed | None:
    try:
        return deployed.read(asked.stack)
    except deployed.NothingDeployedError as error:
        if asked.paths and asked.account and asked.without_vault:
            return None
        raise SweepError(
            f"{error}; of a stack that was given up with its Vault, type --without-vault, and "
            "--account and --path as `vaultaws abandon` listed them"
        ) from error


def _places(asked: Asked, known: Deployed | None) -> list[Place]:
    accounts = dict(known.accounts) if known else {}
    if asked.account:
        only = AccountAccess(account_id=asked.account, region="")
        accounts = {asked.account: accounts.get(asked.account, only)}
    places = {
        (mount.account.account_id, mount.iam_path): Place(
            access=mount.account, path=mount.iam_path, mount=mount
        )
        for mount in (known.mounts if known else ())
        if mount.iam_path and mount.account.account_id in accounts
    }
    for path in asked.paths:
        for account, access in accounts.items():
            places.setdefault((account, path), Place(access=access, path=path))
    return list(places.values())


def _evidence(connections: ExitStack, asked: Asked, known: Deployed | None) -> Evidence | None:
    if known is None:
        return None
    log.info(f"asking Vault at {known.address}")
    told = evidence.read(connections, known, settle=asked.older_than < SETTLED)
    if told is None and not asked.without_vault:
        raise SweepError(
            f"Vault at {known.address} does not answer, so nobody knows which users are live: "
            "bring it back. If it is gone for good, --without-vault takes every user that is old "
            "enough for left behind"
        )
    return told


def _known_roles(known: Deployed | None, told: Evidence | None) -> frozenset[str]:
    declared = {role for mount in known.mounts for role in mount.vault_roles} if known else set()
    return frozenset(declared | (told.roles if told else frozenset()))


def _is_ours(place: Place, user: IamUser, asked: Asked, roles: Iterable[str]) -> bool:
    if place.mount or left_users.is_path_of(asked.stack, place.path):
        return True
    return left_users.is_named_by_vault(user.name) or bool(left_users.roles_named(user.name, roles))


def _judged(
    place: Place, user: IamUser, asked: Asked, told: Evidence | None, known: Iterable[str]
) -> Found:
    now = dt.datetime.now(dt.UTC)
    age = now - user.created
    if age < asked.older_than:
        least = left_users.age(asked.older_than.total_seconds())
        judged = Judged(verdict=Verdict.YOUNG, why=f"younger than {least}")
    elif told is None:
        judged = Judged(verdict=Verdict.LEFT, why="Vault is gone, so no lease will end it")
    elif doubt := _doubt(place, asked, told):
        judged = Judged(verdict=Verdict.UNKNOWN, why=doubt)
    else:
        roles = left_users.roles_named(user.name, known)
        judged = left_users.judge(user, told.leases(roles), roles, now)
    return Found(place=place, user=user, age=age, judged=judged, tags={}, has=())


def _doubt(place: Place, asked: Asked, told: Evidence) -> str:
    """Say why leases of a path are not all seen; nothing where they are."""
    if told.replicated:
        return (
            "Vault is replicated, and another cluster may have given it out, whose leases are not "
            "seen here"
        )
    mount = place.mount
    if mount and mount.accessor not in told.accessors and not asked.without_vault:
        known = f" with the accessor {mount.accessor}" if mount.accessor else ""
        return (
            f"Vault does not have the engine {mount.path}/{known} that the stack made: it has lost "
            "its storage, or is another Vault. `pulumi up` makes the engine anew; --without-vault "
            "takes its users for left behind"
        )
    return ""


def _looked_at(found: Found, client: IamUsers) -> Found:
    verdict, name = found.judged.verdict, found.user.name
    if verdict not in (Verdict.LEFT, Verdict.UNKNOWN):
        return found
    has = tuple(client.has(name)) if verdict is Verdict.LEFT else ()
    return replace(found, tags=client.tags(name), has=has)


def _deleted(found: Iterable[Found], clients: Mapping[str, IamUsers]) -> Iterable[Found]:
    failures = 0
    for each in found:
        if each.judged.verdict is not Verdict.LEFT:
            yield each
        elif failures >= MOST_FAILURES:
            yield replace(each, failure="not tried, because AWS refused several in a row")
        else:
            try:
                clients[each.place.access.account_id].delete(each.user.name, each.has)
            except AwsError as error:
                failures += 1
                log.info(f"{each.user.name} stays: {error}")
                yield replace(each, failure=str(error))
            else:
                failures = 0
                log.info(f"deleted {each.user.name}")
                yield replace(each, deleted=True)
