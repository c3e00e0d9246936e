"""The steps of a move, each of which can be repeated, and each but the last undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.access_keys import AccessKeys
from clients.iam_users import IamUsers
from clients.keyed_engine import KeyedEngine
from clients.vault import Vault
from federation import servers
from federation.identity import MountClass
from federation.trouble import told
from operations import OperationError, log
from operations.engine import EngineError, pulumi
from operations.migrate import former as kept
from operations.migrate import planned, switch
from operations.migrate.former import Former
from operations.migrate.obstacles import Keyed, obstacles
from operations.migrate.standing import Stage, live, look, used_since
from operations.recovery.recover import import_found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path

    from operations.migrate.planned import Engine
    from operations.migrate.standing import Standing

PER_SECOND = 20.0
"""Most requests to IAM in a second."""
_UP = ("up", "--yes", "--skip-preview")


def examine(engine: Engine) -> Keyed:
    """Ask Vault and AWS what a mount is that runs on a key.

    Raises:
        OperationError: there is no such mount, or it has no key.
        VaultError: Vault is unreachable or refuses.
        AwsError: AWS is unreachable or refuses.
    """
    with Vault(engine.address, engine.namespace) as vault:
        mount = vault.mount(engine.path)
        if mount is None or mount.kind != "aws":
            raise OperationError(
                f"there is no AWS secrets engine at {engine.path}/ of Vault at {engine.address}, "
                f"namespace {engine.namespace or 'root'}: `pulumi up` makes one, and there is "
                "nothing to migrate; or correct path and namespace in the settings"
            )
        keyed = KeyedEngine(vault, engine.path)
        roles = keyed.roles()
        paths = {role.get("user_path") or "/" for role in roles.values()}
        users = IamUsers(engine.account, per_second=PER_SECOND)
        settings = keyed.settings()
        return Keyed(
            settings=settings,
            keys=_keys_beside(engine, str(settings.get("access_key") or "")),
            tuned=keyed.tuned(),
            roles=roles,
            static_roles=keyed.static_roles(),
            leases=live(keyed),
            users={path: [user.name for user in users.under(path)] for path in paths},
            lacking=told(servers.lacking(vault.version(), MountClass.SECRET)),
        )


def _keys_beside(engine: Engine, key_id: str) -> tuple[str, ...]:
    """Return the keys of the IAM user who has this one, itself among them."""
    if not key_id:
        return ()
    keys = AccessKeys(engine.account)
    return tuple(keys.of(keys.owner(key_id)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Moving:
    """How a mount is moved."""

    stack: str
    folder: Path
    """The project's."""
    deadline: float
    """Seconds for the mount to get a session, after which it gets its key back."""


def move(engine: Engine, keyed: Keyed, former: Former | None, how: Moving) -> float | None:
    """Record a mount with its Vault roles in the stack, and let it act as its IAM role.

    Whatever it needs at AWS and in Vault is made first, while it still runs on its key.

    Args:
        engine: What is declared.
        keyed: What it is.
        former: What an interrupted move has noted that it was.
        how: The rest.

    Returns:
        For how many seconds reading credentials may have failed; ``None`` where it was federated
        already.

    Raises:
        OperationError: something stands in the way, or an update failed.
        VaultError: Vault is unreachable or refuses.
        AwsError: AWS is unreachable or refuses.
    """
    gap = None
    if former is None or former.moved_at is None or keyed.settings.get("access_key"):
        former = former or _noted(engine, keyed, how)
        held = str(keyed.settings.get("access_key") or "")
        if held and held != former.key_id:  # it went back and was interrupted
            former = former.with_key(held)
        _prepare(engine, how.stack)
        with Vault(engine.address, engine.namespace) as vault:
            mount = KeyedEngine(vault, engine.path)
            with switch.spare_key(mount, former) as spare:
                log.info("the mount changes from its key to its role ...")
                gap = switch.to_role(mount, engine, former, spare, deadline=how.deadline)
        former.again().at(moved_at=kept.now())
        log.info(f"federated; reading credentials may have failed for {gap:.1f} s")
    if found := planned.read(how.stack, engine.name).unrecorded_roles():
        import_found(found, how.stack)
    log.info("the stack is updated, by which readers notice nothing ...")
    try:
        pulumi(*_UP, stack=how.stack)
    except EngineError as error:
        raise OperationError(
            f"{error}\nthe mount {engine.path} is federated and issues credentials, and the stack "
            f"does not know all of it yet: mend that, and repeat `vaultaws migrate {engine.name} "
            "move`"
        ) from error
    return gap


def admit(engine: Engine, keyed: Keyed) -> None:
    """Refuse a mount that cannot be moved as it is.

    Raises:
        OperationError: with all that stands in the way.
    """
    if not keyed.settings.get("access_key"):
        raise OperationError(
            f"the mount {engine.path} holds no AWS key, so there is nothing to migrate"
        )
    if found := obstacles(keyed, engine):
        lines = "\n".join(f"  - {each}" for each in found)
        raise OperationError(
            f"the mount {engine.path} is not moved, and nothing was changed:\n{lines}"
        )


def _noted(engine: Engine, keyed: Keyed, how: Moving) -> Former:
    key_id = str(keyed.settings["access_key"])
    former = Former(
        stack=how.stack,
        engine=engine.name,
        address=engine.address,
        namespace=engine.namespace,
        path=engine.path,
        account=engine.account,
        user=AccessKeys(engine.account).owner(key_id),
        key_id=key_id,
        settings=keyed.settings,
        tuned=keyed.tuned,
        roles=keyed.roles,
        file=kept.file_of(how.folder, how.stack, engine.name),
    )
    former.write()
    log.info(f"what the mount is, is noted in {former.file}: keep it until its key is deleted")
    return former


def _prepare(engine: Engine, stack: str) -> None:
    """Make all that the mount needs to be federated, and record the mount for its accessor."""
    if engine.before:
        log.info("what the mount needs is made: issuer, key, identity provider, audience ...")
        pulumi(*_UP, *_targets(engine.before), stack=stack)
    if found := engine.unrecorded_mount():
        log.info("the mount is recorded in the stack ...")
        import_found(found, stack)
    if engine.way:
        log.info("its IAM role and that role's policies are made ...")
        pulumi(*_UP, *_targets(engine.way), stack=stack)


def _targets(urns: Sequence[str]) -> list[str]:
    # Without a refresh, which looks for what is to be made in the state already, and fails.
    return ["--refresh=false", *(word for urn in urns for word in ("--target", urn))]


def deactivate(former: Former) -> None:
    """Let AWS accept the former key no longer.

    Raises:
        OperationError: the mount still runs on it, or somebody else has used it since the move.
        AwsError: AWS is unreachable or refuses.
        VaultError: Vault is unreachable or refuses.
    """
    found = look(former, leases=False)
    _must_be_moved(found, former)
    if found.stage is not Stage.moved:
        return
    if since := used_since(found.used, former.moved_at):
        raise OperationError(
            f"the key {former.key_id} of {former.user} is not deactivated: {since}, when Vault "
            "used it no longer. Find out who else has it, and give them another; CloudTrail's "
            "event history says what it was used for. Then deactivate it by yourself: "
            f"`aws iam update-access-key --user-name {former.user} --access-key-id "
            f"{former.key_id} --status Inactive`"
        )
    AccessKeys(former.account).set_active(former.user, former.key_id, active=False)
    former.at(inactive_at=kept.now())


def delete(former: Former, *, inactive_for: timedelta) -> None:
    """Delete the former key.

    Args:
        former: What the mount was.
        inactive_for: How long nobody must have missed the key.

    Raises:
        OperationError: the key is active, was used since the move, or was inactive not long enough.
        AwsError: AWS is unreachable or refuses.
        VaultError: Vault is unreachable or refuses.
    """
    found = look(former, leases=False)
    _must_be_moved(found, former)
    if found.stage is Stage.moved:
        raise OperationError(
            f"the key {former.key_id} is active: first `vaultaws migrate {former.engine} "
            "deactivate`, which can be taken back"
        )
    if since := used_since(found.used, former.moved_at):
        raise OperationError(
            f"the key {former.key_id} of {former.user} is not deleted: {since}, after the mount "
            "was moved. Somebody else has it: give them another, and delete the key by yourself"
        )
    began = former.inactive_at or kept.now()
    if found.stage is Stage.inactive and kept.now() - began < inactive_for:
        raise OperationError(
            f"the key {former.key_id} is not deleted: it is inactive since {began:%Y-%m-%d %H:%M} "
            f"UTC, and whoever else needs it may not have noticed; repeat after "
            f"{began + inactive_for:%Y-%m-%d %H:%M} UTC, or say --inactive-for"
        )
    AccessKeys(former.account).delete_key(former.user, former.key_id)
    former.at(deleted_at=kept.now())


def _must_be_moved(found: Standing, former: Former) -> None:
    if found.stage is Stage.keyed or former.moved_at is None:
        raise OperationError(
            f"the engine {former.engine} is not moved yet, or was interrupted at it: type "
            f"`vaultaws migrate {former.engine} move`"
        )
