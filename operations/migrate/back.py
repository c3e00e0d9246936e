"""The way back: the last step of a move is undone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from clients.access_keys import AccessKeys
from clients.keyed_engine import KeyedEngine
from clients.vault import Vault
from operations.engine import pulumi
from operations.migrate import planned, switch
from operations.migrate.standing import Stage, look
from operations.recovery.replaced import freed

if TYPE_CHECKING:
    from operations.migrate.former import Former


def undo(former: Former) -> str:
    """Take the last step back; return what was done.

    Raises:
        OperationError: the state could not be read or written.
        AwsError: AWS is unreachable or refuses.
        VaultError: Vault is unreachable or refuses, or does not sign in by a key.
    """
    found = look(former)
    if found.stage is Stage.inactive:
        AccessKeys(former.account).set_active(former.user, former.key_id, active=True)
        former.at(inactive_at=None)
        return f"the key {former.key_id} is active again"
    back = former if found.stage is Stage.keyed else _on_a_new_key(former)
    forget(former.stack, former.engine)
    back.forget()
    said = f"the mount {former.path} runs on the key {back.key_id} of {former.user}"
    if back.key_id != former.key_id and found.stage is not Stage.deleted:
        said += f"; Vault uses {former.key_id} no longer: delete it if nobody else does"
    if found.since:
        said += (
            f". {len(found.since)} lease(s) were handed out while it was federated: where "
            f"{former.user} may not delete their users, Vault cannot end them; `vaultaws sweep` can"
        )
    return said


def _on_a_new_key(former: Former) -> Former:
    with Vault(former.address, former.namespace) as vault:
        keyed = KeyedEngine(vault, former.path)
        with switch.spare_key(keyed, former) as made:
            return switch.to_key(keyed, former, made)


def forget(stack: str, engine: str) -> None:
    """Let the state forget a mount, its Vault roles and their lease guards, and touch none of them.

    With the guards: destroyed, each would end every lease of its Vault role.
    """
    exported = json.loads(pulumi("stack", "export", stack=stack))
    resources = exported["deployment"].get("resources") or []
    owners = {
        each["urn"]
        for each in resources
        if each["type"] == planned.COMPONENT and each["urn"].rpartition("::")[2] == engine
    }
    kinds = (planned.MOUNT, planned.VAULT_ROLE, planned.GUARD)
    gone = {
        each["urn"] for each in resources if each.get("parent") in owners and each["type"] in kinds
    }
    if not gone:
        return
    left = [freed(each, gone) for each in resources if each["urn"] not in gone]
    document = exported | {"deployment": exported["deployment"] | {"resources": left}}
    pulumi("stack", "import", stack=stack, given=json.dumps(document))
