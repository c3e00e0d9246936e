"""Vault, whether it can be used, is able to federate, lets the token deploy, and whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.errors import VaultError, VaultUnreachableError
from clients.vault import Vault
from federation import identity, ownership, servers
from federation.logins import confusable
from federation.names import signing_key
from federation.rights import lacking
from operations.doctor.issuer import documents
from operations.doctor.rows import Row, advised, broken, judged, ok, unknown, warn
from settings.rights import needed_in_vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.doctor.patient import Patient
    from settings import Settings

FIRST_SECONDS = 5.0
"""How long Vault may take for what everything else waits for."""
SHORTEST_TOKEN_SECONDS = 1_800
"""Below which a token may end before an update does: a first one takes minutes, and waits for AWS
and for people."""


def connection(settings: Settings) -> Iterator[Row]:
    """Tell whether Vault answers, by a node that can be deployed to, and knows the token."""
    address = settings.vault.address
    try:
        with Vault(address, timeout=FIRST_SECONDS) as vault:
            node = vault.node()
            unfit = servers.unfit(
                address, replication=node.replication, disaster_recovery=node.disaster_recovery
            )
            if unfit is None and node.performance_standby:
                yield advised("Vault, connection", servers.lagging(address))
            else:
                yield judged("Vault, connection", unfit, f"{address} answers")
            if unfit is None:
                yield _token(vault.look_up_token().seconds)
    except VaultUnreachableError as error:
        fix = "Bring Vault up, or mend the way to it; nothing of Vault was looked at until then"
        yield broken("Vault, connection", str(error), fix)
    except VaultError as error:
        fix = "Log in by `vaultaws login`, or set VAULT_TOKEN; a sealed Vault has to be unsealed"
        yield broken("Vault, token", str(error), fix)


def _token(seconds: int | None) -> Row:
    if seconds is None:
        return ok("Vault, token", "is known, and does not end")
    left = f"ends in {seconds // 60} min {seconds % 60} s"
    if seconds < SHORTEST_TOKEN_SECONDS:
        fix = "Log in again, or renew it, before a long update"
        return warn("Vault, token", f"is known, and {left}", fix)
    return ok("Vault, token", f"is known, and {left}")


def release(settings: Settings) -> Iterator[Row]:
    """Tell whether edition and release are good for what the stack declares."""
    what, address = "Vault, edition and release", settings.vault.address
    try:
        with Vault(address, timeout=FIRST_SECONDS) as vault:
            version = vault.version()
    except VaultUnreachableError:
        raise
    except VaultError as error:
        yield judged(what, servers.hidden(str(error)), "")
        return
    classes = {mount.mount_class for mount in settings.mounts}
    troubles = [
        *(servers.lacking(version, mount_class) for mount_class in sorted(classes)),
        *(
            servers.danger(version, confusable(method.roles))
            for method in settings.auth_methods.values()
        ),
        *(servers.fault(version, needs) for needs in _needs(settings)),
    ]
    found = {str(trouble): trouble for trouble in troubles if trouble}
    for trouble in found.values():
        yield judged(what, trouble, "")
    if not found:
        yield ok(what, f"{version}, good for all that is declared")


def _needs(settings: Settings) -> Iterator[dict[str, str]]:
    """Name what of each mount only some releases can; see ``federation.releases.Fault``."""
    for engine in settings.secrets_engines.values():
        yield from ({"conditioned": role.name} for role in engine.roles if role.conditioned)
    for method in settings.auth_methods.values():
        without = [role.arn for role in method.other_accounts if not role.external_id]
        yield from ({"without_external_id": arn} for arn in without)


def rights(settings: Settings) -> Iterator[Row]:
    """Tell what the token may not do that the stack needs, in every namespace."""
    what, address = "Vault, rights of the token", settings.vault.address
    needed = needed_in_vault(settings)
    with Vault(address) as vault:
        try:
            held = vault.capabilities(sorted(needed))
        except VaultUnreachableError:
            raise
        except VaultError as error:
            fix = "Give the token `update` on sys/capabilities-self, or go without this answer"
            yield unknown(what, str(error), fix)
            return
    trouble = servers.unready(address, lacking(needed, held))
    yield judged(what, trouble, f"it may do what is needed on all {len(needed)} paths")


def namespace(patient: Patient, path: str) -> Iterator[Row]:
    """Tell whose a namespace, its issuer and the stack's signing key there are."""
    address, settings = patient.settings.vault.address, patient.settings
    if path:
        parent, name = identity.parent_namespace(path)
        declared = settings.owned_namespaces[path]
        what, there = f"namespace {path}, ownership", _is_there(address, path)
        before = patient.remembered("NamespaceCheck", parent=parent, name=name)
        owned = before.get("ownership") == ownership.MANAGED
        sound = f"{declared}, and {'there' if there else 'made by this update'}"
        trouble = ownership.namespace(path, declared, there=there, owned=owned)
        yield judged(what, trouble, sound)
        if not there:
            return
    if path in settings.namespaces:
        with Vault(address, path) as vault:
            held, keys = vault.issuer(), vault.signing_keys()
        yield from _issuer(patient, path, held, keys)
        yield from documents(
            settings.issuer(path),
            path,
            answers=held == _public(settings),
            signs=signing_key(settings.stack, path) in keys,
        )


def _is_there(address: str, path: str) -> bool:
    """Look from the outside in: in a namespace that is not there, nobody can ask for another."""
    parent, name = identity.parent_namespace(path)
    if parent and not _is_there(address, parent):
        return False
    with Vault(address, parent) as around:
        return around.has_namespace(name)


def _issuer(patient: Patient, path: str, held: str, keys: list[str]) -> Iterator[Row]:
    settings, where = patient.settings, f"issuer of {path or 'root'}"
    before = patient.remembered("IssuerCheck", namespace=path)
    owned = before.get("ownership") == ownership.MANAGED
    declared = settings.vault.issuer
    trouble = ownership.issuer(
        held,
        _public(settings),
        declared,
        namespace=path,
        set_before=str(before["issuer"]) if owned else "",
    )
    sound = f"{declared}; is {held}" if held else f"{declared}; set by this update"
    yield judged(f"{where}, ownership", trouble, sound)
    key = signing_key(settings.stack, path)
    own = before.get("key") == key
    trouble = ownership.signing_key(key, there=key in keys, owned=own, namespace=path)
    sound = f"{key} is this stack's" if own else f"{key} is free"
    yield judged(f"{where}, signing key", trouble, sound)


def _public(settings: Settings) -> str:
    return settings.vault.public_address
