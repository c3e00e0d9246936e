"""What the product asks of an aws auth method beside the resources that Pulumi manages there."""

from __future__ import annotations

from clients.errors import VaultError, VaultForbiddenError, VaultUnreachableError
from clients.vault import Vault

_ELSEWHERE = "https://ec2.amazonaws.com"


class AuthMethod(Vault):
    """A connection to the namespace of an aws auth method; a context manager.

    Args:
        address: ``https://host[:port]``.
        namespace: path of the namespace; empty for the root namespace.
        path: path of the method below ``auth/``.
        timeout: seconds for each request.
    """

    def __init__(self, address: str, namespace: str, path: str, *, timeout: float = 30.0) -> None:
        super().__init__(address, namespace, timeout=timeout)
        self._mount = f"auth/{path}"

    def log_in(self, role: str, proof: dict[str, str]) -> str:
        """Log in with a Vault role and return the token, which is a secret.

        Raises:
            VaultError: unreachable, or the proof is not that of a principal of the role.
        """
        path = f"{self._mount}/login"
        post, body = self._client.adapter.post, {"role": role, **proof}
        answer = self._ask("accept", path, lambda: post(f"/v1/{path}", json=body))
        if answer is None:
            raise VaultError(f"Vault at {self.address} has no auth method at {self._mount}")
        return str(answer["auth"]["client_token"])

    def look_up(self, arn: str) -> str:
        """Let Vault ask AWS for an IAM role that does not exist, and return what it got to hear.

        Vault asks when a Vault role is written; one whose principal it does not find is not kept.
        Empty if AWS knew the IAM role, against all expectation.

        Raises:
            VaultError: Vault itself is unreachable or refuses.
        """
        path = f"{self._mount}/role/federation-check"
        try:
            self._write(path, {"auth_type": "iam", "bound_iam_principal_arn": arn})
        except (VaultForbiddenError, VaultUnreachableError):
            raise
        except VaultError as error:
            return str(error)
        self._ask("delete", path, lambda: self._client.delete(path))
        return ""

    def sign_in_anew(self) -> None:
        """Make Vault sign in to AWS anew; the configuration is afterwards what it was before.

        A method that could not sign in when it first made a client of AWS keeps that client, and
        drops it only for a change that it takes for one of credentials. The endpoint of EC2 is
        such a change, and nothing here asks EC2.

        Raises:
            VaultError: unreachable or refused.
        """
        config = f"{self._mount}/config/client"
        held = self._read(config)
        if held is None:
            return
        self._write(config, {"endpoint": _ELSEWHERE})
        self._write(config, {"endpoint": held["endpoint"]})

    def _write(self, path: str, body: dict[str, object]) -> None:
        self._ask("update", path, lambda: self._client.write_data(path, data=body))
