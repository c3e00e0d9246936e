"""How the program's own resources reach Vault and AWS: each connection serves a whole command.

Many of them are created, changed and looked at side by side, in the threads of one process.
"""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from clients.auth_method import AuthMethod
from clients.logins import Logins
from clients.secrets_engine import SecretsEngine
from clients.signing_keys import SigningKeys
from federation.account import AccountAccess

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from clients.aws import Account
    from clients.vault import Vault

Answer = TypeVar("Answer")

LATELY_SECONDS = 5.0
"""How old an answer may be that serves others who ask the same in passing."""

FIRST_SECONDS = 5.0
"""How long Vault may take for what everything else waits for."""

SIGN_IN_SECONDS = 1800.0
"""How long one sign-in at AWS serves: half of the hour for which an assumed role's is valid."""


class _Outcome(Future[Any]):
    """What one thread finds out, or why it could not, for all that ask the same meanwhile."""

    serves_until = math.inf
    """When it is too old for others, by the monotonic clock; not before it is there."""


_asking = threading.Lock()
_outcomes: dict[Hashable, _Outcome] = {}


def vault(props: dict[str, Any]) -> Vault:
    """Return the connection to the address and namespace that the inputs name."""
    from clients.vault import Vault  # noqa: PLC0415 - the program itself never needs it

    where = (props["address"], props["namespace"])
    return _shared(("vault", where), lambda: Vault(*where))


def first(address: str) -> Vault:
    """Return the connection by which it is found out whether Vault can be used at all."""
    from clients.vault import Vault  # noqa: PLC0415 - as above

    return _shared(("first", address), lambda: Vault(address, timeout=FIRST_SECONDS))


def secrets_engine(props: dict[str, Any]) -> SecretsEngine:
    """Return the secrets engine that the inputs name, by the connection of its namespace."""
    return SecretsEngine(vault(props), props["path"])


def auth_method(props: dict[str, Any]) -> AuthMethod:
    """Return the auth method that the inputs name, by the connection of its namespace."""
    return AuthMethod(vault(props), props["path"])


def signing_keys(props: dict[str, Any]) -> SigningKeys:
    """Return the signing keys of the namespace that the inputs name, by its connection."""
    return SigningKeys(vault(props))


def logins(props: dict[str, Any]) -> Logins:
    """Return the logins of the namespace that the inputs name, by its connection."""
    return Logins(vault(props))


def account(props: dict[str, Any]) -> Account:
    """Return the account that the inputs name."""
    from clients.aws import Account  # noqa: PLC0415 - as above

    access = AccountAccess.among(props)
    return _shared(("account", access), lambda: Account(access), seconds=SIGN_IN_SECONDS)


def lately(key: Hashable, look: Callable[[], Answer]) -> Answer:
    """Return what ``look`` finds, or what it found under the same key some seconds ago.

    A key is asked on one side of whatever writes the thing, before or after, never on both.
    """
    return _shared(("lately", key), look, seconds=LATELY_SECONDS)


def forget() -> None:
    """End the use of every connection and answer."""
    _outcomes.clear()


def _shared(key: Hashable, find: Callable[[], Answer], *, seconds: float = math.inf) -> Answer:
    """Return what ``find`` finds, or found under the same key at most ``seconds`` ago.

    Those who ask while somebody is at it wait and share the outcome, be it a failure: one after
    the other, each would wait for the same time-out. Who asks after a failure tries anew.
    """
    with _asking:
        known = _outcomes.get(key)
        if known and time.monotonic() < known.serves_until:
            outcome = known
        else:
            outcome = _outcomes[key] = _Outcome()
    if outcome is not known:
        try:
            found = find()
        except BaseException as error:
            outcome.serves_until = -math.inf
            outcome.set_exception(error)
            raise
        outcome.serves_until = time.monotonic() + seconds
        outcome.set_result(found)
    answer: Answer = outcome.result()
    return answer
