"""The buckets of the accounts: moto's, one of which every account starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.s3.models import s3_backends

if TYPE_CHECKING:
    from moto.s3.models import S3Backend

    from lab.aws.state.accounts import Account

OBJECTS = {
    "hello.txt": b"Only those may read this who are granted it.\n",
    "reports/2026.csv": b"month,users\n1,3\n2,5\n",
}
"""What the bucket of an account starts with."""


def bucket_name(account: str) -> str:
    """Return the name of the bucket that an account of this name starts with."""
    return f"laboratory-{account}"


def buckets_of(account: Account) -> S3Backend:
    """Return moto's S3 of one account."""
    backend: S3Backend = s3_backends[account.id][account.partition]
    return backend


def owner_of(bucket: str) -> str | None:
    """Return the id of the account that has a bucket; None where there is none."""
    _, account = s3_backends.bucket_accounts.get(bucket, (None, None))
    return account


def restore(account: Account, kept: S3Backend) -> None:
    """Take over what an earlier process stored; names of buckets are known to all accounts."""
    s3_backends[account.id][account.partition] = kept
    for name in kept.buckets:
        s3_backends.bucket_accounts[name] = (account.partition, account.id)


def seed(account: Account) -> None:
    """Give an account the bucket that it starts with."""
    name, backend = bucket_name(account.name), buckets_of(account)
    if owner_of(name):
        return
    backend.create_bucket(name, account.region)
    for key, content in OBJECTS.items():
        created: Any = backend.put_object(name, key, content)
        created.set_metadata({"Content-Type": "text/plain"})
