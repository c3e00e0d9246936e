"""Credentials that Vault has issued, as a client of Vault holds them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.unit.chains import certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_iam import IAMClient

    from tests.lab.conftest import Laboratory


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Credentials that Vault has issued."""

    id: str
    seconds: int
    keys: Mapping[str, str] = field(repr=False)
    laboratory: Laboratory

    @classmethod
    def of(cls, laboratory: Laboratory, answer: Mapping[str, Any]) -> Lease:
        """Return what Vault has answered with."""
        return cls(
            id=answer["lease_id"],
            seconds=answer["lease_duration"],
            keys=answer["data"],
            laboratory=laboratory,
        )

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients as it runs
        """Return an AWS client with the credentials."""
        keys = (self.keys[key] for key in ("access_key", "secret_key", "session_token"))
        return self.laboratory.aws(service, *keys)

    def caller(self) -> str:
        """Return the ARN that AWS knows the credentials by."""
        arn: str = self.client("sts").get_caller_identity()["Arn"]
        return arn

    def user(self) -> str:
        """Ask IAM who these credentials are, as the user's own policy allows."""
        arn: str = self.client("iam").get_user()["User"]["Arn"]
        return arn

    def renew(self) -> None:
        """Have the lease prolonged."""
        self.laboratory.vault().write_data("sys/leases/renew", data={"lease_id": self.id})

    def revoke(self) -> None:
        """End the lease, and learn whether that went well."""
        data = {"lease_id": self.id, "sync": True}
        self.laboratory.vault().write_data("sys/leases/revoke", data=data)


def read_lease(laboratory: Laboratory, path: str) -> Lease:
    """Ask Vault for credentials, ``<mount>/creds/<role>``."""
    return Lease.of(laboratory, laboratory.vault().read(path))


def keep_user(iam: IAMClient, user: str) -> None:
    """Give a user what AWS deletes nobody with, and Vault takes from nobody."""
    iam.create_login_profile(UserName=user, Password="false-password-1")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1="123456",
        AuthenticationCode2="654321",
    )
    body = ssl.DER_cert_to_PEM_cert(certificate("somebody", "authority"))
    iam.upload_signing_certificate(UserName=user, CertificateBody=body)
    iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody="ssh-rsa false")
    iam.create_service_specific_credential(UserName=user, ServiceName="codecommit.amazonaws.com")
