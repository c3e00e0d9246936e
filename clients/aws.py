"""What the product asks of AWS beside the resources that Pulumi manages there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import create_loader

from clients.errors import AwsError, SignInError
from federation import kept_users
from federation.account import SESSION_NAME, AccountAccess
from federation.identity import provider_identifier
from federation.kept_users import Keeper
from federation.knowledge.access import ASSUMABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import GetOpenIDConnectProviderResponseTypeDef, TagTypeDef
    from mypy_boto3_sts.type_defs import GetCallerIdentityResponseTypeDef

Answer = TypeVar("Answer")

BOUNDS = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard"})
"""Seconds until a silent endpoint is given up; AWS's own IAM calls take about one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldRole:
    """An IAM role as AWS holds it."""

    trust: dict[str, Any]
    tags: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldIdentityProvider:
    """An OIDC identity provider as AWS holds it."""

    arn: str
    tags: dict[str, str]


class Account:
    """The IAM of one account, signed in once.

    Raises:
        AwsError: no credentials, wrong account, unreachable or refused; so does every method.
    """

    session: boto3.Session
    """Signed in to the account."""
    caller: str
    """ARN of who signed in, as STS says it."""

    def __init__(self, access: AccountAccess) -> None:
        self.session, self.caller = _signed_in(access)
        self._iam: IAMClient = self.session.client("iam", config=BOUNDS)
        self._profile = access.profile

    def role(self, name: str) -> HeldRole | None:
        """Return the role of that name; ``None`` when there is none."""
        answer = self.ask(f"read the role {name}", lambda iam: iam.get_role(RoleName=name))
        if answer is None:
            return None
        found = answer["Role"]
        # boto3 decodes the document, whatever its types say.
        trust = cast("dict[str, Any]", found["AssumeRolePolicyDocument"])
        return HeldRole(trust=trust, tags=_tags(found.get("Tags", [])))

    def there(self, arn: str) -> str | None:
        """Look for a role, a user or a policy, exactly as it is named.

        Returns:
            Its ARN, which has another path or other capitals where only the name is right; ``None``
            if there is none. Where AWS does not let whoever asks look, the ARN as it was given.

        Raises:
            AwsError: unreachable or refused otherwise.
        """
        kind, _, name = arn.split(":", 5)[5].partition("/")
        name = name.rpartition("/")[2]
        try:
            match kind:
                case "role":
                    return self._iam.get_role(RoleName=name)["Role"]["Arn"]
                case "user":
                    return self._iam.get_user(UserName=name)["User"]["Arn"]
                case _:
                    return self._iam.get_policy(PolicyArn=arn)["Policy"]["Arn"]
        except (ClientError, BotoCoreError) as error:
            if code(error) == "NoSuchEntity":
                return None
            if code(error) == "AccessDenied":
                return arn
            raise failure(f"look for {arn}", error) from error

    def identity_provider(self, issuer: str) -> HeldIdentityProvider | None:
        """Return the identity provider of an issuer; ``None`` when there is none."""
        ends = f":oidc-provider/{provider_identifier(issuer)}"
        try:
            listed = self._iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
            arn = next((entry["Arn"] for entry in listed if entry["Arn"].endswith(ends)), None)
            if arn is None:
                return None
            found = self._iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        except (ClientError, BotoCoreError) as error:
            raise failure(f"read the identity provider of {issuer}", error) from error
        return HeldIdentityProvider(arn=arn, tags=_tags(found.get("Tags", [])))

    def audiences(self, provider_arn: str) -> frozenset[str] | None:
        """Return the audiences registered at a provider; ``None`` when it does not exist."""
        found = self._found(provider_arn)
        return None if found is None else frozenset(found["ClientIDList"])

    def thumbprints(self, provider_arn: str) -> list[str]:
        """Return the thumbprints that a provider lists; none when it does not exist."""
        found = self._found(provider_arn)
        return [] if found is None else found["ThumbprintList"]

    def add_audience(self, provider_arn: str, audience: str) -> None:
        """Register an audience; registering it twice is no error.

        Source: IAM API Reference, "AddClientIDToOpenIDConnectProvider" ("idempotent").
        """
        try:
            self._iam.add_client_id_to_open_id_connect_provider(
                OpenIDConnectProviderArn=provider_arn, ClientID=audience
            )
        except (ClientError, BotoCoreError) as error:
            raise failure(f"register the audience {audience!r} at {provider_arn}", error) from error

    def remove_audience(self, provider_arn: str, audience: str) -> None:
        """Remove an audience; already removed, or the whole provider gone, is no error."""
        self.ask(
            f"remove the audience {audience!r} from {provider_arn}",
            lambda iam: iam.remove_client_id_from_open_id_connect_provider(
                OpenIDConnectProviderArn=provider_arn, ClientID=audience
            ),
        )

    def users_under(self, path: str) -> list[str]:
        """Return the names of the users under an IAM path, given with both outer slashes."""
        try:
            pages = self._iam.get_paginator("list_users").paginate(PathPrefix=path)
            return [user["UserName"] for page in pages for user in page["Users"]]
        except (ClientError, BotoCoreError) as error:
            raise failure(f"list the IAM users under {path}", error) from error

    def what_keeps(self, users: Iterable[str]) -> list[str]:
        """Say of each user what AWS does not delete it with, and the command that takes it away.

        Never raises, because it only explains: what may not be read is said.
        """
        lines = []
        for user in users:
            try:
                lines += kept_users.told(user, self.keepers(user), self._profile)
            except AwsError as unread:
                return [f"It may be one of these: {kept_users.LIKELY}; {unread}"]
        return lines

    def keepers(self, user: str) -> list[Keeper]:
        """Return what a user has that Vault did not give; nothing where there is no such user."""
        found = self.ask(f"read what the IAM user {user} has", lambda _: self._keepers(user))
        return found or []  # deleted meanwhile

    def _keepers(self, user: str) -> list[Keeper]:
        iam = self._iam
        devices = iam.list_mfa_devices(UserName=user)["MFADevices"]
        certificates = iam.list_signing_certificates(UserName=user)["Certificates"]
        keys = iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"]
        others = iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"]
        found = {
            "an MFA device": [device["SerialNumber"] for device in devices],
            "a signing certificate": [entry["CertificateId"] for entry in certificates],
            "an SSH key": [key["SSHPublicKeyId"] for key in keys],
            "service-specific credentials": [
                other["ServiceSpecificCredentialId"] for other in others
            ],
        }
        return [
            *([Keeper(what="a password")] if self._has_password(user) else []),
            *(Keeper(what=what, identifier=each) for what, ids in found.items() for each in ids),
        ]

    def _has_password(self, user: str) -> bool:
        try:
            self._iam.get_login_profile(UserName=user)
        except ClientError as error:
            if code(error) == "NoSuchEntity":
                return False
            raise
        return True

    def ask(self, what: str, call: Callable[[IAMClient], Answer]) -> Answer | None:
        """Let IAM do something; ``None`` where what it is about does not exist.

        Args:
            what: What is done, for an error.
            call: Does it.
        """
        try:
            return call(self._iam)
        except (ClientError, BotoCoreError) as error:
            if code(error) == "NoSuchEntity":
                return None
            raise failure(what, error) from error

    def _found(self, provider_arn: str) -> GetOpenIDConnectProviderResponseTypeDef | None:
        return self.ask(
            f"read the identity provider {provider_arn}",
            lambda iam: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider_arn),
        )


def new_session(profile: str | None = None, **options: str | None) -> boto3.Session:
    """Return a session as ``boto3.Session`` does, but one that shares what others read of botocore.

    Each by itself would work a tenth of a second on the files that describe IAM and STS.
    """
    held = botocore.session.Session(profile=profile)
    held.register_component("data_loader", _loader(held.get_config_variable("data_path")))
    return boto3.Session(botocore_session=held, **options)


_loader = cache(create_loader)


def what_keeps_users(users: Mapping[str, Any]) -> str:
    """Say what keeps AWS from deleting users; what it can be, if that cannot be seen.

    Args:
        users: ``iam_path``, with both outer slashes, and the fields of ``AccountAccess``; empty
            where nobody knows.
    """
    if not users:
        return f"It is one of these: {kept_users.LIKELY}"
    try:
        account = Account(AccountAccess.among(users))
        lines = account.what_keeps(sorted(account.users_under(users["iam_path"])))
    except AwsError as error:
        return f"It is one of these: {kept_users.LIKELY}; which, was not read: {error}"
    return ". ".join(lines) or f"By now, none of these is to be found: {kept_users.LIKELY}"


def _signed_in(access: AccountAccess) -> tuple[boto3.Session, str]:
    """Return a session that provably acts in the account, as ``allowed_account_ids`` has it."""
    setting = "profile" if access.profile else ""
    what = f"sign in to account {access.account_id}"
    try:
        session = new_session(access.profile, region_name=access.region or None)
        if access.deploy_role_arn:
            session = _deploying(session, access, access.deploy_role_arn, what)
            setting = "deployRoleArn"
        caller = _caller(session)
    except (ClientError, BotoCoreError) as error:
        raise SignInError(str(failure(what, error)), setting) from error
    if caller["Account"] != access.account_id:
        raise SignInError(
            f"the credentials at hand belong to account {caller['Account']}, declared is "
            f"{access.account_id}; set profile or deployRoleArn of that account",
            setting,
        )
    return session, caller["Arn"]


def _caller(session: boto3.Session) -> GetCallerIdentityResponseTypeDef:
    return session.client("sts", config=BOUNDS).get_caller_identity()


def _deploying(
    session: boto3.Session, access: AccountAccess, role_arn: str, what: str
) -> boto3.Session:
    """Return a session of the deploy role; who assumes it is looked at only if AWS refuses."""
    try:
        return _assume(session, access, role_arn)
    except ClientError as error:
        _caller(session)  # its own credentials may be what is wrong: then AWS refuses this too
        hint = ""
        if code(error) == "AccessDenied":
            hint = f" ({ASSUMABLE.format(asks='deploys')})"
        raise SignInError(f"{failure(what, error)}{hint}", "deployRoleArn") from error


def _assume(session: boto3.Session, access: AccountAccess, role_arn: str) -> boto3.Session:
    sts = session.client("sts", config=BOUNDS)
    assumed = (
        sts.assume_role(
            RoleArn=role_arn, RoleSessionName=SESSION_NAME, ExternalId=access.external_id
        )
        if access.external_id
        else sts.assume_role(RoleArn=role_arn, RoleSessionName=SESSION_NAME)
    )
    credentials = assumed["Credentials"]
    return new_session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=access.region,
    )


def _tags(tags: Sequence[TagTypeDef]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def code(error: ClientError | BotoCoreError) -> str:
    """Return AWS's code of a refusal; empty where AWS did not answer."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def failure(what: str, error: ClientError | BotoCoreError) -> AwsError:
    """Return the error for a person: what was not done, and why."""
    if isinstance(error, ClientError):
        detail = error.response["Error"]
        return AwsError(f"AWS refuses to {what}: {detail['Code']}: {detail.get('Message', '')}")
    return AwsError(f"cannot {what}: {error}; check credentials, profile, network and HTTPS_PROXY")
