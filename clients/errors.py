"""What Vault and AWS can refuse; light, for whoever only tells failures apart.

Each message says where, why and what to do, and holds no secret.
"""


class CloudError(Exception):
    """Vault, AWS or another service did not do what was asked."""


class AwsError(CloudError):
    """AWS did not do what was asked."""


class SignInError(AwsError):
    """There is no way into an account.

    Args:
        message: Why, and what to do.
        setting: The key of the account's settings that it is about; empty if none is.
    """

    def __init__(self, message: str, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


class VaultError(CloudError):
    """Vault did not do what was asked."""


class VaultUnreachableError(VaultError):
    """Vault did not answer at all."""


class VaultUntrustedError(VaultUnreachableError):
    """Something answers, with a certificate that is not trusted here."""


class VaultForbiddenError(VaultError):
    """The token may not do this."""


class NotSignedInError(VaultError):
    """A secrets engine has no session at AWS; Vault does not pass on why."""
