"""The AWS accounts of a laboratory and each one's bootstrap administrator."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from moto.iam.utils import generate_access_key_id_from_account_id

from lab.accounts import (
    ACCOUNTS,
    ADMINISTRATOR,
    DEPLOY_ROLE,
    EXTERNAL_ID,
    AccountPlan,
    absent,
    plan,
    region,
)
from lab.home import read_json, write_json

if TYPE_CHECKING:
    from moto.iam.models import IAMBackend

    from lab.home import Home

_ALLOW_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
_ALLOW_IAM = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}],
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
        return region(self.partition)


def new_secret() -> str:
    """Return a random secret access key: 40 characters, as AWS's are."""
    return "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(40))


def new_unique_id(account_id: str, prefix: str, length: int = 21) -> str:
    """Return a random unique id (``AIDA``, ``AGPA``) or key id (``AKIA``, ``ASIA``, length 20)."""
    return generate_access_key_id_from_account_id(account_id, prefix, length)


def load_accounts(home: Home) -> tuple[Account, ...]:
    """Read the accounts; those that a laboratory should have and lacks are added to its file.

    Raises:
        ValueError: the file holds another account under the name or id of one of them.
    """
    entries = read_json(home.accounts) if home.accounts.exists() else []
    if missing := absent(entries):
        entries += [asdict(_with_keys(account)) for account in missing]
        write_json(home.accounts, entries)
    return tuple(Account(**entry) for entry in entries)


def _with_keys(account: AccountPlan) -> Account:
    return Account(
        name=account.name,
        id=account.id,
        partition=account.partition,
        access_key_id=new_unique_id(account.id, "AKIA", 20),
        secret_access_key=new_secret(),
    )


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
    if account.id in [entry.id for entry in ACCOUNTS if entry.deployer]:
        _seed_deploy_role(plan(account.name), backend)


def _seed_deploy_role(account: AccountPlan, backend: IAMBackend) -> None:
    """Make sure the deploy role trusts the deployer's administrator alone, with the external id."""
    deployer = plan(str(account.deployer))
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:{deployer.partition}:iam::{deployer.id}:user/{ADMINISTRATOR}"},
        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = next((role for role in backend.roles.values() if role.name == DEPLOY_ROLE), None)
    if role is None:
        what_for = f"Deploying into this account from {deployer.name}"
        role = backend.create_role(DEPLOY_ROLE, trust, "/", None, what_for, [], "3600")
    role.assume_role_policy_document = trust
    role.put_policy("deploy", json.dumps(_ALLOW_IAM))
