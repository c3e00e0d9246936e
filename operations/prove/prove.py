"""Gathers the evidence of a stack, part by part, and what it is filed as."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clients.errors import CloudError
from operations import deployed, log
from operations.prove import trail
from operations.prove.declared import ENGINE, LOGIN, Part, parts
from operations.prove.engine import prove_engine
from operations.prove.evidence import Book, Finding, Result
from operations.prove.federated import MASKED
from operations.prove.login import prove_login
from operations.prove.method import prove_method
from operations.prove.world import entered

if TYPE_CHECKING:
    from operations.deployed import Deployed
    from operations.prove.world import World

RIGHTS = "mend that, and repeat; what the token must be allowed is in policies/vault/prove.hcl"
DEADLINE_SECONDS = 60.0
"""How long AWS may not know a new user's key: ten seconds and more (docs/failures.md, "When reading
or using credentials fails")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is to be proven, and how."""

    engines: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    """Keys of the settings to narrow it to; everything, where all three are empty."""
    profiles: tuple[str, ...] = ()
    """Profiles of the AWS configuration to log in with, beside the environment."""
    deadline: float = DEADLINE_SECONDS
    """Seconds for which AWS may not know what is new."""
    cloudtrail: bool = False
    """Whether to wait for AWS's own record of each call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What was found out, when and by whom; no secret."""

    stack: str
    vault: str
    """Its address."""
    version: str
    began: dt.datetime
    ended: dt.datetime
    token: str
    """What Vault knows the token by."""
    callers: tuple[str, ...]
    """Who looked at AWS, as STS names them."""
    findings: tuple[Finding, ...] = field(default=())

    def count(self, result: Result) -> int:
        """Return how many findings say so."""
        return sum(finding.result is result for finding in self.findings)

    @property
    def proven(self) -> bool:
        """Whether everything could be looked at, and nothing is otherwise than declared."""
        return not self.count(Result.WRONG) and not self.count(Result.UNSEEN)


def prove(stack: str, asked: Asked) -> Report:
    """Gather the evidence of a stack.

    Args:
        stack: Its name.
        asked: What to prove, and how.

    Raises:
        OperationError: there is no such stack, or no such part of it.
        VaultError: Vault does not answer, or does not know the token.
    """
    state = deployed.read(stack)
    chosen = parts(state, engines=asked.engines, methods=asked.methods, logins=asked.logins)
    book, began = Book(), dt.datetime.now(dt.UTC)
    with entered(state.address, state.accounts, deadline=asked.deadline) as world:
        version = _version(world)
        traces = [trace for part in chosen for trace in _part(part, state, world, book, asked)]
        if asked.cloudtrail:
            trail.await_records(traces, world, remedy=MASKED)
        callers = {account.caller for account in world.accounts.values()}
        entity = f", entity {world.held.entity_id}" if world.held.entity_id else ""
        return Report(
            stack=stack,
            vault=state.address,
            version=version,
            began=began,
            ended=dt.datetime.now(dt.UTC),
            token=f"{world.held.name}{entity}",
            callers=tuple(sorted(callers)),
            # What CloudTrail says comes last, and belongs to the rest of its part.
            findings=tuple(
                finding for part in chosen for finding in book.findings if finding.of == part.title
            ),
        )


def _part(part: Part, state: Deployed, world: World, book: Book, asked: Asked) -> list[trail.Trace]:
    page = book.about(part.title)
    log.info(f"{part.title} ...")
    try:
        if part.kind == LOGIN:
            prove_login(part, world, page)
            return []
        mount = part.mount(state)
        if part.kind == ENGINE:
            return prove_engine(part, mount, world, page)
        return prove_method(part, mount, world, page, asked.profiles)
    except CloudError as error:
        page.unseen("the rest of it", str(error), RIGHTS)
        return []


def _version(world: World) -> str:
    try:
        return world.vault("").version()
    except CloudError:
        return "not told"
