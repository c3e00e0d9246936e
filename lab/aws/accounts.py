"""The AWS accounts of a laboratory and each one's bootstrap administrator."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from moto.iam.utils import generate_access_key_id_from_account_id

from lab.home import read_json, write_json

if TYPE_CHECKING:
    from moto.iam.models import IAMBackend

    from lab.home import Home

ADMINISTRATOR = "bootstrap-administrator"
"""The one user an account starts with: the person's own identity at AWS. Vault never sees it."""

_ALLOW_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
_SECRET_ALPHABET = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account as ``accounts.json`` holds it."""

    name: str
    id: str
    partition: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @property
    def region(self) -> str:
        """The region whose name tells moto the partition."""
        return {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(
            self.partition, "us-east-1"
        )


def new_secret() -> str:
    """Return a random secret access key: 40 characters, as AWS's are."""
    return "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40))


def new_unique_id(account_id: str, prefix: str, length: int = 21) -> str:
    """Return a random unique id (``AIDA``, ``AGPA``) or key id (``AKIA``, ``ASIA``, length 20)."""
    return generate_access_key_id_from_account_id(account_id, prefix, length)


def load_accounts(home: Home) -> tuple[Account, ...]:
    """Read the accounts; a laboratory without any gets one, ``main``, with random keys."""
    if not home.accounts.exists():
        account_id = "123456789012"
        write_json(
            home.accounts,
            [
                asdict(
                    Account(
                        name="main",
                        id=account_id,
                        partition="aws",
                        access_key_id=new_unique_id(account_id, "AKIA", 20),
                        secret_access_key=new_secret(),
                    )
                )
            ],
        )
    return tuple(Account(**entry) for entry in read_json(home.accounts))


def seed(account: Account, backend: IAMBackend) -> None:
    """Make sure the administrator exists with exactly the key of ``accounts.json``."""
    user = backend.users.get(ADMINISTRATOR)
    if user is None:
        user = backend.create_user(account.region, ADMINISTRATOR)
        user.id = new_unique_id(account.id, "AIDA")
        user.put_policy("administrator", json.dumps(_ALLOW_ALL))
    if [key.access_key_id for key in user.access_keys] != [account.access_key_id]:
        for key in user.access_keys:
            del backend.access_keys[key.access_key_id]
        user.access_keys.clear()
        key = user.create_access_key(prefix="AKIA")
        key.access_key_id = account.access_key_id
        backend.access_keys[key.access_key_id] = key
    user.access_keys[0].secret_access_key = account.secret_access_key
