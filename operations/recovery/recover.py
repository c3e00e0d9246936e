"""Clears what a killed engine or a failed update left, so that the next update converges."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from clients.errors import AwsError, VaultError
from operations import OperationError, log
from operations.engine import EngineError, pulumi
from operations.recovery import dead_engine, unrecorded
from operations.recovery.replaced import freed, is_deleted, needed, without_deleted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from operations.recovery.dead_engine import Lock
    from operations.recovery.unrecorded import Found, Planned


class RecoveryError(OperationError):
    """A person must decide or do something first; the message says what."""


def recover(stack: str, project: Path) -> None:
    """Clear a dead engine's lock and processes, and record what exists without a record.

    A stack that is not there yet has nothing to recover.

    Raises:
        RecoveryError: a living process holds the lock, or something exists that may not be ours.
    """
    _clear_lock(stack, project)
    if stack not in {each["name"] for each in json.loads(pulumi("stack", "ls", "--json"))}:
        return
    failed = _last_update_failed(stack)
    exported = json.loads(pulumi("stack", "export", stack=stack))
    deployment = exported["deployment"]
    # First, for only what the state does not hold can be imported.
    if any(map(is_deleted, deployment.get("resources", []))):
        _forget_deleted(exported, stack)
    if deployment.get("pending_operations"):
        _end_pending(deployment, stack)
    if failed:
        _import_unrecorded(stack)


def _clear_lock(stack: str, project: Path) -> None:
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    settings = yaml.safe_load((project / "Pulumi.yaml").read_text("utf-8"))
    try:
        locks = dead_engine.locks(backend, settings["name"], stack)
    except ValueError as error:
        raise RecoveryError(str(error)) from error
    if alive := [lock for lock in locks if not lock.is_dead()]:
        raise RecoveryError(_held(stack, alive[0]))
    if orphans := dead_engine.orphans(project, backend):
        # Before anything is looked for: one of them may be making it at this moment.
        log.info("processes of an engine that is gone, and which are ended now:")
        for orphan in orphans:
            log.info("  %d  %s", orphan.pid, orphan.command)
        dead_engine.end(orphans)
    for lock in locks:
        log.info(
            f"process {lock.pid} locked the stack {stack} at {lock.taken_at:%Y-%m-%d %H:%M:%S} UTC "
            "and was killed: its lock is cleared"
        )
    for file in dead_engine.drop_torn_attributes(backend, settings["name"], stack):
        log.info(f"{file} was written in part and is removed; nothing needs it")
    if locks:
        pulumi("cancel", "--yes", stack=stack)


def _held(stack: str, lock: Lock) -> str:
    return (
        f"the stack {stack} is being changed by process {lock.pid} on {lock.host}, which locked it "
        f"at {lock.taken_at:%Y-%m-%d %H:%M:%S} UTC: wait for it to end. If that machine is gone "
        f"for good, type `pulumi cancel --stack {stack}`"
    )


def _forget_deleted(exported: dict[str, Any], stack: str) -> None:
    """Let the next update create what was deleted to be replaced, and then was not."""
    resources = exported["deployment"]["resources"]
    log.info("deleted to be replaced, which then failed, and to be created by the next update:")
    for each in filter(is_deleted, resources):
        log.info(f"  {each['type']} {each['urn'].rpartition('::')[2]}")
    left = exported["deployment"] | {"resources": without_deleted(resources)}
    pulumi("stack", "import", stack=stack, given=json.dumps(exported | {"deployment": left}))


def _end_pending(deployment: Mapping[str, Any], stack: str) -> None:
    """Record what a killed engine was about to create, as far as it did, and forget the rest."""
    pending = deployment["pending_operations"]
    log.info("the last update was killed in the middle of")
    for each in pending:
        log.info(f"  {each['type']} {each['resource']['urn'].rpartition('::')[2]}")
    if found := _find(unrecorded.pending_creates(deployment), stack):
        import_found(found, stack)
    # Pending creates stay in the state until a refresh is told to drop them. One resource is enough
    # for that: the update that follows refreshes all of them.
    flags = ("--yes", "--skip-preview", "--clear-pending-creates")
    pulumi("refresh", *flags, "--target", deployment["resources"][0]["urn"], stack=stack)


def _last_update_failed(stack: str) -> bool:
    """Tell it of the last one that could create; a destroy and a refresh create nothing."""
    # The default page is ten, and as many refreshes would hide the update before them.
    history = json.loads(pulumi("stack", "history", "--json", "--page-size", "100", stack=stack))
    updates = [each["result"] for each in history if each["kind"] == "update"]
    return bool(updates) and updates[0] != "succeeded"


def _import_unrecorded(stack: str) -> None:
    """Import what a failed update made without learning of it, because the answer was lost."""
    log.info("the last update failed: looking for what it made without learning of it")
    try:
        preview = json.loads(pulumi("preview", "--json", stack=stack))
    except EngineError as error:
        # An update fails in the same way and makes nothing; a destroy needs no preview.
        log.info(f"nothing was looked for, because no preview is possible:\n{error}")
        return
    if found := _find(unrecorded.planned_creates(preview), stack):
        import_found(found, stack)
    else:
        log.info("there is nothing of that kind")


def _find(planned: Sequence[Planned], stack: str) -> list[Found]:
    try:
        found = unrecorded.find(planned)
    except (VaultError, AwsError) as error:
        raise RecoveryError(str(error)) from error
    if doubtful := [each for each in found if each.doubt]:
        raise RecoveryError("\n".join(_doubt(each, stack) for each in doubtful))
    for each in found:
        log.info(f"{each.what} exists and is not in the state of the stack {stack}: it is imported")
    return found


def _doubt(found: Found, stack: str) -> str:
    return (
        f"{found.what} may be somebody else's: {found.doubt}. If it is, give yours another name; "
        f"if it is this stack's, import it:\n  {found.command(stack)}"
    )


def import_found(found: Sequence[Found], stack: str) -> None:
    """Record in the state what exists, each in its place, and with what it needs.

    Raises:
        RecoveryError: it was not recorded; the message has the lines that do it by hand.
    """
    # A provider is told the namespace of what it imports by its environment alone.
    for namespace in dict.fromkeys(each.namespace for each in found):
        together = [each for each in found if each.namespace == namespace]
        try:
            _import_together(together, namespace, stack)
        except OperationError as error:
            lines = "\n".join(f"  {each.command(stack)}" for each in together)
            raise RecoveryError(f"{error}\nimport by hand:\n{lines}") from error


def _import_together(found: Sequence[Found], namespace: str, stack: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "import.json"
        file.write_text(json.dumps(unrecorded.import_file(found)), "utf-8")
        flags = ("--yes", "--skip-preview", "--protect=false", "--generate-code=false")
        pulumi(
            *("import", "--file", str(file), *flags),
            stack=stack,
            environment={unrecorded.IMPORT_NAMESPACE: namespace},
        )
    _complete(found, stack)


def _complete(found: Sequence[Found], stack: str) -> None:
    """Let what was imported depend on what it needs; else a destroy deletes that first, and fails.

    Raises:
        RecoveryError: it was not imported at all. The engine imports nothing over a name that the
            state holds already, and calls it a success.
    """
    exported = json.loads(pulumi("stack", "export", stack=stack))
    resources = exported["deployment"]["resources"]
    there = {each["urn"] for each in resources if not is_deleted(each)}
    if missing := [each.what for each in found if each.planned.urn not in there]:
        raise RecoveryError(
            f"pulumi import ended well, but the state of the stack {stack} does not hold "
            f"{', '.join(missing)}"
        )
    needs = {each.planned.urn: each.planned.needs for each in found}
    before: set[str] = set()
    for number, each in enumerate(resources):
        if each["urn"] in needs:
            # The engine wants what something needs to stand before it.
            own = needs[each["urn"]]
            resources[number] = freed(each | own, needed(own) - before)
        before.add(each["urn"])
    pulumi("stack", "import", stack=stack, given=json.dumps(exported))
