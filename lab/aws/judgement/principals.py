"""Who calls: an IAM user by its key, or a session by its temporary credentials."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from moto.iam.models import AccessKeyLastUsed

from lab.aws.front.wire import ApiError

if TYPE_CHECKING:
    from moto.iam.models import AccessKey, User

    from lab.aws.front.endpoints import Endpoint
    from lab.aws.front.signature import Signature
    from lab.aws.state.accounts import Account
    from lab.aws.state.sessions import Session
    from lab.aws.state.store import State


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A known principal: a user, a session of a role, or both: a session that a user asked for."""

    account: Account
    arn: str
    user_id: str
    secret: str
    user: User | None = None
    """moto's user, as it was when last in effect."""
    session: Session | None = None

    @property
    def user_name(self) -> str | None:
        """Name of the IAM user; None for a session of a role or of a federated user."""
        federated = self.session is not None and self.session.kind == "federated"
        return self.user.name if self.user is not None and not federated else None

    @property
    def principal_arn(self) -> str:
        """What ``aws:PrincipalArn`` holds: of a session, the role or user behind it."""
        return self.session.role_arn if self.session and self.session.kind == "role" else self.arn

    @property
    def kind(self) -> str:
        """What ``aws:PrincipalType`` holds."""
        kinds = {"role": "AssumedRole", "user": "User", "federated": "FederatedUser"}
        return kinds[self.session.kind if self.session else "user"]


def is_known(age_seconds: float, delay_seconds: float, service: str) -> bool:
    """Say whether a service knows a user's key of this age.

    IAM is "eventually consistent", and each service learns of a key by itself ("Changes that I make
    are not always immediately visible", IAM User Guide); STS and IAM are usually the first.
    """
    return age_seconds >= delay_seconds * (0.5 if service in ("iam", "sts") else 1)


def find_caller(signature: Signature, service: str, state: State) -> Caller:
    """Look the access key up; the signature itself is not verified here.

    Sessions come first, because their keys live nowhere else.

    Raises:
        ApiError: InvalidClientTokenId for a key unknown, inactive, or sent with a wrong session
            token, and for a session whose role is gone (also if one of that name came after it).
    """
    session = state.sessions.get(signature.access_key_id)
    if session:
        return session_caller(session, signature.security_token, state)
    for account in state.accounts.values():
        for user in state.effective_iam(account.id).users.values():
            for key in user.access_keys:
                if key.access_key_id == signature.access_key_id:
                    _require_known(account, key, service, state)
                    return _user_caller(account, user, key, signature)
    raise _invalid_token("the access key is not known")


def check_partition(caller: Caller, endpoint: Endpoint) -> None:
    """Refuse credentials at a host of another partition, which knows nothing of them.

    Raises:
        ApiError: InvalidClientTokenId.
    """
    if not endpoint.serves(caller.account.partition):
        raise _invalid_token(f"the account is not in the partition of {endpoint.region}")


def check_service(caller: Caller, service: str) -> None:
    """Refuse what IAM is asked with a token that a user got for itself or for a federated user.

    "You cannot call any IAM API operations", unless with MFA (STS API reference, GetSessionToken
    and GetFederationToken), which the laboratory does not serve.

    Raises:
        ApiError: InvalidClientTokenId, which is what IAM says then.
    """
    if service == "iam" and caller.session and caller.session.kind != "role":
        raise _invalid_token("IAM knows no token of GetSessionToken or GetFederationToken")


def check_expiry(caller: Caller, now: float) -> None:
    """Refuse a session past its end.

    Raises:
        ApiError: ExpiredToken ("Common errors", IAM API reference: the token has expired).
    """
    if caller.session and caller.session.expires_at <= now:
        raise ApiError("ExpiredToken", 403, "The security token included in the request is expired")


def note_use(signature: Signature, endpoint: Endpoint, state: State) -> None:
    """Remember that a user's key was used, as GetAccessKeyLastUsed tells it.

    By a request that was signed rightly, whether or not anything allowed it (IAM User Guide,
    "Manage access keys for IAM users": when the key was last used to sign a request). It is on
    disk with the next change.
    """
    for account in state.accounts.values():
        for user in state.iam(account.id).users.values():
            for key in user.access_keys:
                if key.access_key_id == signature.access_key_id:
                    moment = datetime.fromtimestamp(int(time.time()), UTC)
                    key.last_used = AccessKeyLastUsed(
                        moment, endpoint.service, endpoint.region or account.region
                    )
                    return


def session_caller(session: Session, token: str | None, state: State) -> Caller:
    """Return whose session it is, which may have ended (``check_expiry``).

    Raises:
        ApiError: InvalidClientTokenId for a wrong or missing token, and where its role is gone.
    """
    if token is None:
        raise _invalid_token("the session's key came without its session token")
    if not hmac.compare_digest(token.encode(), session.token.encode()):
        raise _invalid_token("the session token is not the one issued with this key")
    iam = state.effective_iam(session.account)
    user = iam.users.get(session.role_name) if session.kind != "role" else None
    exists = user.id == session.role_id if user is not None else session.role_id in iam.roles
    if not exists:
        raise _invalid_token(f"{session.role_arn} of this session has been deleted")
    return Caller(
        account=state.accounts[session.account],
        arn=session.arn,
        user_id=session.user_id,
        secret=session.secret_access_key,
        user=user,
        session=session,
    )


def _require_known(account: Account, key: AccessKey, service: str, state: State) -> None:
    delay = state.key_delay_seconds()
    age = time.time() - key.create_date.replace(tzinfo=UTC).timestamp()
    if key.access_key_id != account.access_key_id and not is_known(age, delay, service):
        raise _invalid_token(f"the access key is {age:.1f} s old, and {service} does not know it")


def _user_caller(account: Account, user: User, key: AccessKey, signature: Signature) -> Caller:
    if signature.security_token is not None:
        raise _invalid_token("a user's key came with a session token")
    if key.status != "Active":
        raise _invalid_token("the access key is inactive")
    return Caller(
        account=account, arn=user.arn, user_id=user.id, secret=key.secret_access_key, user=user
    )


def _invalid_token(rule: str) -> ApiError:
    return ApiError(
        "InvalidClientTokenId",
        403,
        "The security token included in the request is invalid.",
        rule=f"credentials: {rule}",
    )
