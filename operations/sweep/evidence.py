"""What Vault tells of the leases by which IAM users are judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clients.errors import VaultUnreachableError, VaultUntrustedError
from clients.secrets_engine import SecretsEngine
from clients.vault import Vault
from federation.left_users import LiveLease
from federation.rights import PATHS_OF_LEASES
from operations import OperationError
from operations.leases.revoke import DEADLINE_SECONDS, await_ended

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import ExitStack

    from operations.deployed import Deployed


@dataclass(frozen=True, slots=True)
class Listed:
    """The leases of one Vault role of one engine."""

    namespace: str
    engine: SecretsEngine
    role: str
    ids: tuple[str, ...]


@dataclass(kw_only=True)
class Evidence:
    """What Vault has in the namespaces of a stack."""

    replicated: bool
    """Whether other clusters give out leases of the same engines, which this one does not see."""
    accessors: frozenset[str]
    """Of every AWS secrets engine."""
    listed: tuple[Listed, ...]
    _times: dict[Listed, tuple[LiveLease, ...]] = field(default_factory=dict)

    @property
    def roles(self) -> frozenset[str]:
        """The Vault roles that have leases."""
        return frozenset(each.role for each in self.listed)

    def leases(self, roles: Iterable[str]) -> list[LiveLease]:
        """Return the live leases of Vault roles, each looked up once; no roles mean all.

        Raises:
            VaultError: unreachable or refused.
        """
        wanted = frozenset(roles) or self.roles
        for each in self.listed:
            if each.role in wanted and each not in self._times:
                self._times[each] = tuple(_looked_up(each))
        return [
            lease for each, held in self._times.items() if each.role in wanted for lease in held
        ]


def read(stack: ExitStack, deployed: Deployed, *, settle: bool) -> Evidence | None:
    """Return what Vault has; ``None`` where nobody answers at its address.

    Args:
        stack: Closes the connections.
        deployed: What the stack has deployed.
        settle: Wait first until the requests for credentials that are under way have ended.

    Raises:
        VaultError: Vault answers, and refuses.
        OperationError: the requests under way cannot be seen, or do not end.
    """
    root = stack.enter_context(Vault(deployed.address))
    try:
        replicated = root.node().replication in ("primary", "secondary")
    except VaultUntrustedError:
        raise  # Somebody is there.
    except VaultUnreachableError:
        return None
    if settle:
        _settle(root)
    engines = [
        (namespace, accessor, SecretsEngine(vault, path))
        for namespace in sorted({"", *(mount.namespace for mount in deployed.mounts)})
        for vault in [stack.enter_context(Vault(deployed.address, namespace))]
        for path, accessor in vault.aws_engines().items()
    ]
    return Evidence(
        replicated=replicated,
        accessors=frozenset(accessor for _, accessor, _ in engines),
        listed=tuple(
            Listed(namespace, engine, role, tuple(ids))
            for namespace, _, engine in engines
            for role, ids in engine.leases().items()
        ),
    )


def _settle(root: Vault) -> None:
    def is_for_credentials(path: str) -> bool:
        return any(f"/{way}/" in path for way in PATHS_OF_LEASES)

    if not await_ended(root, is_for_credentials, "Vault", deadline=DEADLINE_SECONDS):
        raise OperationError(
            "users younger than ten minutes may still be in the making, and the token may not read "
            "sys/in-flight-req of the root namespace, which tells: leave --older-than at 10m or "
            "more, or take a token that may"
        )


def _looked_up(listed: Listed) -> Iterable[LiveLease]:
    for lease_id in listed.ids:
        if times := listed.engine.times(lease_id):
            yield LiveLease(
                lease_id=f"{listed.namespace}/{lease_id}" if listed.namespace else lease_id,
                role=listed.role,
                issued=times[0],
                expires=times[1],
            )
