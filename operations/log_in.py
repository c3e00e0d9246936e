"""Log in to Vault with AWS credentials, where there is no Vault CLI.

``python -m operations.log_in ROLE --server-id ID --region REGION`` prints the token and nothing
else, so that ``VAULT_TOKEN=$(...)`` takes it without showing it to anybody.
"""

from __future__ import annotations

import argparse
import os
import sys

from clients.auth_method import AuthMethod
from clients.errors import AwsError, VaultError
from clients.identity_proof import identity_proof
from clients.vault import Vault


def main() -> int:
    """Print the token; return 1 and say why where there is none."""
    arguments = _parser().parse_args()
    address = os.environ.get("VAULT_ADDR")
    if not address:
        print("set VAULT_ADDR to the address of Vault", file=sys.stderr)
        return 1
    try:
        proof = identity_proof(
            region=arguments.region, server_id=arguments.server_id, profile=arguments.profile
        )
        with Vault(address, arguments.namespace) as vault:
            print(AuthMethod(vault, arguments.path).log_in(arguments.role, proof))
    except (AwsError, VaultError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations.log_in", description=__doc__)
    parser.add_argument("role", help="Vault role of the auth method")
    parser.add_argument("--server-id", required=True, help="the stack's output server_id")
    parser.add_argument("--region", required=True, help="region of the auth method's account")
    parser.add_argument("--path", default="aws", help="path of the auth method (%(default)s)")
    parser.add_argument("--namespace", default="", help="namespace of the auth method")
    parser.add_argument("--profile", help="AWS profile to log in as (default: the environment)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
