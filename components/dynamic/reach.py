"""How the program's own resources reach Vault and AWS: each connection serves a whole command.

Many of them are created, changed and looked at side by side, in the threads of one process.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from federation.account import AccountAccess

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from clients.auth_method import AuthMethod
    from clients.aws import Account
    from clients.logins import Logins
    from clients.vault import Vault

Answer = TypeVar("Answer")
Client = TypeVar("Client")

LATELY_SECONDS = 5.0
"""How old an answer may be that serves others who ask the same in passing."""

SIGN_IN_SECONDS = 1800.0
"""How long one sign-in at AWS serves: half of the hour for which an assumed role's is valid."""

_building = threading.Lock()
_looking: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)
_found: dict[Hashable, tuple[Any, float]] = {}


def vault(props: dict[str, Any]) -> Vault:
    """Return the connection to the address and namespace that the inputs name."""
    from clients.vault import Vault  # noqa: PLC0415 - the program itself never needs it

    return _built(Vault, props["address"], props["namespace"])


def auth_method(props: dict[str, Any]) -> AuthMethod:
    """Return the connection to the auth method that the inputs name."""
    from clients.auth_method import AuthMethod  # noqa: PLC0415 - as above

    return _built(AuthMethod, props["address"], props["namespace"], props["path"])


def logins(props: dict[str, Any]) -> Logins:
    """Return the connection for logins to the address and namespace that the inputs name."""
    from clients.logins import Logins  # noqa: PLC0415 - as above

    return _built(Logins, props["address"], props["namespace"])


def account(props: dict[str, Any]) -> Account:
    """Return the account that the inputs name."""
    from clients.aws import Account  # noqa: PLC0415 - as above

    return _built(Account, AccountAccess.among(props), period=time.monotonic() // SIGN_IN_SECONDS)


def lately(key: Hashable, look: Callable[[], Answer]) -> Answer:
    """Return what ``look`` finds, or what it found under the same key some seconds ago."""
    with _building:
        looking = _looking[key]
    with looking:
        if key in _found and time.monotonic() - _found[key][1] < LATELY_SECONDS:
            return _found[key][0]  # type: ignore[no-any-return] # the key decides
        answer = look()
        _found[key] = (answer, time.monotonic())
        return answer


def forget() -> None:
    """End the use of every connection and answer."""
    _found.clear()
    _kept.cache_clear()


def _built(kind: Callable[..., Client], *where: Hashable, period: float = 0) -> Client:
    # One at a time: those who ask together would each build one, and each sign in.
    with _building:
        client: Client = _kept(kind, where, period)
        return client


@cache
def _kept(kind: Callable[..., Any], where: tuple[Hashable, ...], _period: float) -> Any:  # noqa: ANN401 - the caller knows
    return kind(*where)
