"""The connection of one plugin process to one AWS account."""

from __future__ import annotations

import functools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lab.plugins.resource import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

PROPAGATION_DEADLINE_SECONDS: Final = 120
"""How long the official plugin waits for IAM to have heard of a change."""
PROPAGATION_POLL_SECONDS: Final = 1.0
MAX_RETRIES: Final = 25
"""Where the settings have none; under them the official plugin waits for minutes."""
TIMEOUT_SECONDS: Final = 60


class AwsRefusal(ProviderError):  # noqa: N818 - what AWS answered, not what went wrong here
    """AWS answered with an error; ``code`` is AWS's own."""

    def __init__(self, doing: str, error: ClientError) -> None:
        answer = error.response.get("Error", {})
        self.code = str(answer.get("Code", "Unknown"))
        self.reason = str(answer.get("Message", ""))
        super().__init__(f"{doing}: {self.code}: {self.reason}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The provider's settings that are served."""

    region: str | None = None
    profile: str | None = None
    allowed_account_ids: tuple[str, ...] = ()
    assume_roles: tuple[dict[str, Any], ...] = ()
    """Roles assumed one after the other: ``roleArn``, ``externalId``, ``sessionName``,
    ``durationSeconds``."""
    default_tags: dict[str, str] = field(default_factory=dict)
    max_retries: int = MAX_RETRIES


class AwsSession:
    """Talks to AWS in one region as one identity; opened by the first call that needs it.

    Opening asks the regional STS name who it is, once, and refuses an account that the settings
    do not allow before anything is done there. If it fails, so does all that follows, with the same
    error: the engine does not use an official plugin whose configuration failed.
    """

    def __init__(self, settings: Settings) -> None:
        self.default_tags = settings.default_tags
        self._settings = settings
        self._opening = threading.Lock()
        self._iam: Any = None
        self._failure: ProviderError | None = None

    def iam(self, doing: str, operation: str, **arguments: object) -> dict[str, Any]:
        """Call one IAM operation.

        Args:
            doing: what for, as a person would say it; begins the error.
            operation: boto3's name of the operation.
            arguments: its arguments; those that are None are left out.
        """
        given = {key: value for key, value in arguments.items() if value is not None}
        return _asked(doing, getattr(self._open(), operation), given)

    def iam_all(self, doing: str, operation: str, key: str, **arguments: object) -> list[Any]:
        """Call an IAM list operation and return every page's ``key``."""
        found: list[Any] = []
        more: dict[str, object] = {}
        while True:
            page = self.iam(doing, operation, **arguments, **more)
            found += page[key]
            if not page.get("IsTruncated"):
                return found
            more = {"Marker": page["Marker"]}

    def found(self, doing: str, operation: str, **arguments: object) -> dict[str, Any] | None:
        """Call an IAM read operation; None when there is no such thing."""
        try:
            return self.iam(doing, operation, **arguments)
        except AwsRefusal as refusal:
            if refusal.code == "NoSuchEntity":
                return None
            raise

    def gone(self, doing: str, operation: str, **arguments: object) -> None:
        """Call an IAM delete operation; a thing that is gone already is no error."""
        self.found(doing, operation, **arguments)

    def _open(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        with self._opening:
            if self._failure:
                raise self._failure
            if self._iam is None:
                try:
                    self._iam = self._connect()
                except ProviderError as error:
                    self._failure = error
                    raise
            return self._iam

    def _connect(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        settings = self._settings
        try:
            session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
        except BotoCoreError as error:
            raise ProviderError(f"configuring the AWS provider: {error}") from error
        for role in settings.assume_roles:
            session = self._assumed(session, role)
        identity = _asked(
            "retrieving AWS account details", self._client(session, "sts").get_caller_identity
        )
        allowed = settings.allowed_account_ids
        if allowed and identity["Account"] not in allowed:
            raise ProviderError(
                f"AWS account ID not allowed: {identity['Account']}; the provider's "
                f"allowedAccountIds has {', '.join(allowed)}. Use credentials of an allowed "
                "account (AWS_PROFILE, `profile`, `assumeRoles`), or correct the setting"
            )
        return self._client(session, "iam")

    def _client(self, session: boto3.Session, service: str) -> Any:  # noqa: ANN401 - as above
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 1 + self._settings.max_retries},
            connect_timeout=TIMEOUT_SECONDS,
            read_timeout=TIMEOUT_SECONDS,
            max_pool_connections=32,
        )
        make: Any = functools.partial(session.client, service)
        return _asked(f"preparing to call {service}", make, {"config": config})

    def _assumed(self, session: boto3.Session, role: dict[str, Any]) -> boto3.Session:
        arguments = {
            "RoleArn": role["roleArn"],
            "RoleSessionName": role.get("sessionName", "pulumi"),
            "ExternalId": role.get("externalId"),
            "DurationSeconds": role.get("durationSeconds"),
        }
        given = {key: value for key, value in arguments.items() if value is not None}
        doing = f"assuming the role {role['roleArn']}"
        keys = _asked(doing, self._client(session, "sts").assume_role, given)["Credentials"]
        return boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=session.region_name,
        )


def settled(call: Callable[[], Answer], *, unsettled: Callable[[AwsRefusal], bool]) -> Answer:
    """Return what ``call`` returns, repeating it while IAM may not have heard of a change yet."""
    deadline = time.monotonic() + PROPAGATION_DEADLINE_SECONDS
    while True:
        try:
            return call()
        except AwsRefusal as refusal:
            if not unsettled(refusal) or time.monotonic() >= deadline:
                raise
        time.sleep(PROPAGATION_POLL_SECONDS)


def _asked(
    doing: str, call: Callable[..., Answer], arguments: dict[str, Any] | None = None
) -> Answer:
    try:
        return call(**(arguments or {}))
    except ClientError as error:
        raise AwsRefusal(doing, error) from error
    except BotoCoreError as error:
        raise ProviderError(f"{doing}: {error}") from error
