"""What the product asks of an aws auth method beside the resources that Pulumi manages there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clients.errors import VaultError, VaultForbiddenError, VaultUnreachableError
from federation.rights import LOOKUP_PROBE

if TYPE_CHECKING:
    from clients.vault import Vault

ASKS_AWS_SECONDS = 30.0
"""How long a request may take that Vault answers only once AWS has answered it."""

_ELSEWHERE = "https://ec2.amazonaws.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """Somebody who has logged in."""

    token: str = field(repr=False)
    policies: tuple[str, ...]
    """What the login gave; groups of the person or application may add to it."""
    seconds: int
    """How long the token lives if it is not renewed."""


@dataclass(frozen=True, slots=True)
class AuthMethod:
    """An aws auth method, asked by a connection that others may share."""

    vault: Vault
    """The connection to its namespace."""
    path: str
    """Path of the method below ``auth/``."""

    def log_in(self, role: str, proof: dict[str, str]) -> str:
        """Log in with a Vault role and return the token, which is a secret.

        Raises:
            VaultError: unreachable, or the proof is not that of a principal of the role.
        """
        return self.admit(role, proof).token

    def admit(self, role: str, proof: dict[str, str]) -> Admitted:
        """Log in with a Vault role.

        Raises:
            VaultError: unreachable, or the proof is not that of a principal of the role.
        """
        body = {"role": role, **proof}
        answer = self.vault.write(
            f"auth/{self.path}/login",
            body,
            verb="accept",
            timeout=ASKS_AWS_SECONDS,
            repeatable=False,  # a token that nobody got would live on
        )
        if answer is None:
            raise VaultError(f"Vault at {self.vault.address} has no auth method at {self.path}")
        auth = answer["auth"]
        return Admitted(
            token=auth["client_token"],
            policies=tuple(auth["token_policies"]),
            seconds=auth["lease_duration"],
        )

    def look_up(self, arn: str) -> str:
        """Let Vault ask AWS for an IAM role that does not exist, and return what it got to hear.

        Vault asks when a Vault role is written; one whose principal it does not find is not kept.
        Empty if AWS knew the IAM role, against all expectation.

        Raises:
            VaultError: Vault itself is unreachable or refuses.
        """
        path = f"auth/{self.path}/role/{LOOKUP_PROBE}"
        wanted = {"auth_type": "iam", "bound_iam_principal_arn": arn}
        try:
            self.vault.write(path, wanted, timeout=ASKS_AWS_SECONDS)
        except (VaultForbiddenError, VaultUnreachableError):
            raise
        except VaultError as error:
            return str(error)
        self.vault.delete(path)
        return ""

    def sign_in_anew(self) -> None:
        """Make Vault sign in to AWS anew; the configuration is afterwards what it was before.

        A method that could not sign in when it first made a client of AWS keeps that client, and
        drops it only for a change that it takes for one of credentials. The endpoint of EC2 is
        such a change, and nothing here asks EC2.

        Raises:
            VaultError: unreachable or refused.
        """
        config = f"auth/{self.path}/config/client"
        held = self.vault.read(config)
        if held is None:
            return
        self.vault.write(config, {"endpoint": _ELSEWHERE})
        self.vault.write(config, {"endpoint": held["endpoint"]})
