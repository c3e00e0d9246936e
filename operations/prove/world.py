"""Vault and AWS as a proof asks them: by a token that ends by itself, and so does what it reads."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from clients.aws import Account
from clients.errors import CloudError, VaultError, VaultUnreachableError
from clients.tokens import child_token, revoke_token
from clients.vault import Vault
from operations import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from clients.held_token import HeldToken
    from federation.account import AccountAccess

Answer = TypeVar("Answer")

TOKEN_SECONDS = 3600
"""How long the token lives that credentials are read with, should nobody be left to end it."""
TOKEN_NAME = "prove"  # noqa: S105 - what Vault calls it
"""Part of the display name, and so of the names of IAM users, by which CloudTrail tells them."""


@dataclass(kw_only=True)
class World:
    """The connections of one run."""

    address: str
    held: HeldToken
    """Whose token runs it."""
    deadline: float
    """Seconds for which AWS may not know what is new."""
    ways: Mapping[str, AccountAccess]
    """The way into each account that the stack signs in to, by its id."""
    token: str | None = field(default=None, repr=False)
    """A child of the token of the environment; ``None`` where that may have none."""
    _open: ExitStack = field(default_factory=ExitStack, repr=False)
    _vaults: dict[str, Vault] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    """By id, those that were signed in to."""

    def vault(self, namespace: str) -> Vault:
        """Return the connection to a namespace."""
        if namespace not in self._vaults:
            vault = Vault(self.address, namespace, token=self.token)
            self._vaults[namespace] = self._open.enter_context(vault)
        return self._vaults[namespace]

    def account(self, access: AccountAccess) -> Account:
        """Return an account, signed in once.

        Raises:
            AwsError: there is no way in.
        """
        if access.account_id not in self.accounts:
            self.accounts[access.account_id] = Account(access)
        return self.accounts[access.account_id]

    def account_called(self, account_id: str) -> Account | None:
        """Return an account; ``None`` if the stack does not sign in to it.

        Raises:
            AwsError: there is no way in.
        """
        way = self.ways.get(account_id)
        return self.account(way) if way else None

    def close(self) -> None:
        """End the token with all that it read and that is still there, and the connections."""
        if self.token:
            try:
                revoke_token(self.vault(""))
            except CloudError as error:
                log.warning(f"the token of the proof was not ended, and ends by itself: {error}")
        self._open.close()


@contextmanager
def entered(address: str, ways: Mapping[str, AccountAccess], *, deadline: float) -> Iterator[World]:
    """Connect, and leave nothing behind, whatever happens.

    Credentials are read by a child of the token at hand: Vault ends what a token has read when it
    ends the token, and that happens by itself even if this process is killed.

    Args:
        address: Of Vault.
        ways: The way into each account that the stack signs in to.
        deadline: Seconds for which AWS may not know what is new.

    Raises:
        VaultError: Vault does not answer, or does not know the token.
    """
    with Vault(address) as root:
        held = root.look_up_token()
        try:
            token = child_token(root, TOKEN_NAME, TOKEN_SECONDS)
        except VaultUnreachableError:
            raise
        except VaultError as error:
            log.warning(
                f"{error}. Credentials are read by the token itself: if this is killed, they live "
                "as long as their leases"
            )
            token = None
    world = World(address=address, held=held, deadline=deadline, ways=ways, token=token)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield world
    finally:
        signal.signal(signal.SIGTERM, before)
        world.close()


def unbroken(ask: Callable[[], Answer], undo: Callable[[Answer], None]) -> Answer:
    """Ask for something that must be undone, and never lose the answer to an interruption.

    Args:
        ask: Asks.
        undo: Takes the answer back when the user has interrupted meanwhile.
    """
    with ThreadPoolExecutor(max_workers=1) as asking:
        future = asking.submit(ask)
        try:
            return future.result()
        except KeyboardInterrupt:
            log.info("interrupted: waiting for Vault's answer, to take back what it is about to do")
            with suppress(CloudError):
                undo(future.result())
            raise


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
