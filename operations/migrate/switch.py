"""The one moment in which reading credentials can fail: a mount's key for a role, and back."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clients.access_keys import AccessKeys
from clients.errors import CloudError, VaultError
from clients.issued_identity import KNOWN_SECONDS, await_known
from operations import OperationError, log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.issued_identity import Keys
    from clients.keyed_engine import KeyedEngine
    from operations.migrate.former import Former
    from operations.migrate.planned import Engine

PAUSE_SECONDS = 0.5
"""Between two attempts to sign in."""


@contextmanager
def spare_key(keyed: KeyedEngine, former: Former) -> Iterator[Keys]:
    """Have a key at hand with which a mount could go back at once; gone afterwards, if unused.

    Its own secret Vault shows nobody, and a new key is not known to AWS at once. Made after the
    role, it also tells by being known that STS has heard of what IAM was told before it.

    Args:
        keyed: The mount.
        former: What it is, or was.

    Raises:
        AwsError: AWS refuses, or the user has two keys already.
        VaultError: Vault does not say by which key the mount acts; the spare one stays then.
    """
    keys = AccessKeys(former.account)
    _discard_spare(keyed, former, keys)  # that of a move that was killed
    made = keys.make(former.user)
    former.at(spare_id=made.access_key_id)
    try:
        log.info(
            f"the IAM user {former.user} has the new key {made.access_key_id}; AWS gets to know "
            "it, and the role that was made before it ..."
        )
        await_known(made)
        yield made
    finally:
        _discard_spare(keyed, former.again(), keys)


def _discard_spare(keyed: KeyedEngine, former: Former, keys: AccessKeys) -> None:
    """Delete the spare key, unless the mount acts by it: an answer of Vault may have been lost."""
    if former.spare_id and former.spare_id != keyed.settings().get("access_key"):
        keys.delete_key(former.user, former.spare_id)
    former.at(spare_id=None)


def to_role(
    keyed: KeyedEngine, engine: Engine, former: Former, spare: Keys, *, deadline: float
) -> float:
    """Let a mount act as its IAM role, or give it a key again where it cannot in time.

    By Vault's API and not by an update, in which the mount's Vault roles are written seconds after
    it: until then they make users on a path on which the role at AWS makes none.

    Args:
        keyed: The mount.
        engine: What it is to be.
        former: What it was.
        spare: The key to go back with.
        deadline: Seconds for it to get a session.

    Returns:
        For how many seconds reading credentials may have failed.

    Raises:
        OperationError: it got none, and has a key again.
        VaultError: Vault is unreachable or refuses.
    """
    # Nothing reads differently by this, and the next write is refused for a key that does not sign.
    keyed.tune(engine.tuned)
    began = time.monotonic()
    try:
        keyed.federate(engine.settings)
        for name in sorted(engine.roles):
            keyed.make_role(name, engine.role(name))
        _await_session(keyed, began + deadline)
    except CloudError as error:
        to_key(keyed, former, spare)
        raise OperationError(
            f"the mount {former.path} could not be federated within {deadline:.0f} s, so it has a "
            f"key back, {spare.access_key_id}, and issues credentials as before. {error}. What it "
            "means, says `vaultaws explain`; AWS's own reason is in CloudTrail, event "
            f"AssumeRoleWithWebIdentity. The key {former.key_id} of {former.user} is used by Vault "
            "no longer: delete it before the next attempt, for AWS gives nobody a third"
        ) from error
    return time.monotonic() - began


def to_key(keyed: KeyedEngine, former: Former, key: Keys) -> Former:
    """Let a mount act by a key again, with the Vault roles that it had.

    Args:
        keyed: The mount.
        former: What it was.
        key: A key of the same IAM user that AWS knows.

    Returns:
        What it is now.

    Raises:
        VaultError: Vault is unreachable or refuses, or does not sign in by the key.
    """
    back = former.with_key(key.access_key_id)
    keyed.give_key(back.settings, key)
    back.write()
    for name, role in back.roles.items():
        keyed.make_role(name, role)
    keyed.tune(back.tuned)
    _await_session(keyed, time.monotonic() + KNOWN_SECONDS)
    return back


def _await_session(keyed: KeyedEngine, until: float) -> None:
    while trouble := keyed.trouble():
        if time.monotonic() > until:
            raise VaultError(trouble)
        time.sleep(PAUSE_SECONDS)
        keyed.reconnect()  # an engine that could not sign in never tries again
