"""Why leases of a Vault role could not be revoked, and what to do then."""

from clients.errors import VaultError, VaultUnreachableError
from federation.knowledge.exchange import NO_SESSION
from operations import OperationError


class RevocationError(OperationError):
    """Not everything is revoked; the message says what is left and why."""


class RequestsRemainError(RevocationError):
    """Requests for credentials do not end."""


class LeasesRemainError(RevocationError):
    """AWS does not let Vault delete what it has made."""


class UserKeptError(LeasesRemainError):
    """AWS does not delete a user because of what somebody gave it, and Vault does not take away."""


class EngineNotSignedInError(LeasesRemainError):
    """AWS does not let Vault in at all."""


class NotFederatedError(RevocationError):
    """The engine holds nothing to sign in to AWS with."""


_KEPT = "The IAM users behind the leases still exist, so nothing they need was deleted."
_REPEAT = "then repeat the `pulumi destroy` or `pulumi up` that failed."

ADVICE: dict[type[BaseException], str] = {
    VaultUnreachableError: (
        "If Vault is gone for good, run `vaultaws abandon --stack STACK`: AWS is "
        "cleared, Vault is dropped from the state, and the IAM users left behind are listed. "
        f"Otherwise bring it back, {_REPEAT}"
    ),
    VaultError: (
        "The IAM users behind the leases may still exist, so nothing they need was deleted. Give "
        "the token of VAULT_TOKEN `list` and `sudo` on sys/leases/lookup, `update` and `sudo` on "
        "sys/leases/revoke-prefix, `read` on sys/mounts, `read` and `update` on the engine's "
        f"config/root, and `list` on its roles, {_REPEAT}"
    ),
    RequestsRemainError: f"Nothing was deleted. Find out what holds them up, {_REPEAT}",
    LeasesRemainError: (
        f"{_KEPT} Check that Vault reaches AWS and that its IAM role, inline policies and identity "
        "provider are as this stack made them (`pulumi up` restores them); AccessDenied may also "
        f"come from a service control policy of the organisation. Mend it, {_REPEAT}"
    ),
    UserKeptError: (
        f"{_KEPT} AWS deletes no IAM user who has anything that Vault did not give, and Vault does "
        f"not take that away. {{kept}}. Take it away, {_REPEAT}"
    ),
    EngineNotSignedInError: (
        f"{_KEPT} {'. '.join((NO_SESSION.meaning, *NO_SESSION.causes))}. Mend it (`pulumi up` "
        f"restores what this stack made), {_REPEAT}"
    ),
    NotFederatedError: (
        f"{_KEPT} Write back audience and role_arn of `pulumi stack output secrets_engines`: "
        f"`vault write {{config}} identity_token_audience=... role_arn=...`, {_REPEAT}"
    ),
}
"""What to do, by what is the matter."""
