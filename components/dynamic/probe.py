"""Whether an auth method really reaches AWS as its role, and not only is configured to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from federation import arns
from federation.knowledge.access import refused_caller

if TYPE_CHECKING:
    from clients.auth_method import AuthMethod

REACH_SECONDS = 90.0
"""How long AWS may take to know a new role everywhere. IAM User Guide, "Changes that I make are not
always immediately visible", names no bound; the provider's own retries end after 30 s."""
PAUSE_SECONDS = 1.0


def await_reach(method: AuthMethod, role_arn: str) -> str:
    """Let Vault ask AWS something until AWS answers it; return why that is in vain, if it is.

    Vault asks for an IAM role that nobody has. Whether AWS says that there is none or that Vault
    may not ask, Vault has signed in, and keeps the client that it signed in with. The latter also
    says as whom: an auth method would rather use AWS keys that it finds in its environment.

    Args:
        method: The auth method.
        role_arn: The IAM role that it is to act as.

    Raises:
        VaultError: Vault itself is unreachable or refuses.
    """
    nobody = arns.nobody_beside(role_arn)
    deadline = time.monotonic() + REACH_SECONDS
    while True:
        told = method.look_up(nobody)
        acting = refused_caller(told, "iam:GetRole")
        if acting and not arns.is_session_of(acting, role_arn):
            return (
                f"Vault acts as {acting} at AWS, with keys from its environment: start Vault "
                "without AWS_* variables, AWS profiles and instance profile"
            )
        if acting or not told or "NoSuchEntity" in told:
            return ""
        if time.monotonic() >= deadline:
            return (
                f"Vault did not get to act as {role_arn} within {REACH_SECONDS:.0f} s ({told}). "
                "Check that AWS reaches the issuer's two documents, that the thumbprints are "
                "those of its certificates, and that Vault reaches AWS"
            )
        time.sleep(PAUSE_SECONDS)
        method.sign_in_anew()
