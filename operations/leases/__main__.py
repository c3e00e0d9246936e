"""``python -m operations.leases MOUNT ROLE``, which a lease guard runs: ``vaultaws revoke``.

A destroy starts one such process for each Vault role, so it loads no library of commands; a guard
gives everything else by variables of its environment.
"""

from __future__ import annotations

import os
import sys

from clients.errors import CloudError
from operations import OperationError
from operations.leases.revoke import DEADLINE_SECONDS, revoke_all, said
from operations.terminal import told


def main() -> int:
    """Revoke; return 0 when no lease is left, 1 with the reason on stderr."""
    mount, role = sys.argv[1:]
    address, namespace = os.environ["VAULT_ADDR"], os.environ["VAULT_NAMESPACE"]
    deadline = float(os.environ.get("LEASE_REVOCATION_SECONDS", DEADLINE_SECONDS))
    try:
        with told():
            count = revoke_all(address, namespace, mount, role, deadline=deadline)
    except (CloudError, OperationError) as error:
        print(error, file=sys.stderr)
        return 1
    print(said(mount, role, count))
    return 0


if __name__ == "__main__":
    sys.exit(main())
