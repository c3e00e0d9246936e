#!/usr/bin/env bash
# Destroys a short-lived stack: nothing new is issued, then what was issued is revoked, then the rest
# goes, and in the end the stack itself.
#
#   ci/destroy.sh STACK
set -euo pipefail
export PATH="$PWD/bin:$PWD/.venv/bin:$PATH"
stack=$1

if [[ ! $stack =~ ^try-[a-z0-9-]+$ ]]; then
    echo "$stack is not destroyed here: only stacks whose names begin with try- are short-lived." \
        "Another one is destroyed by hand, with pulumi destroy --stack $stack" >&2
    exit 1
fi
vaultaws recover --stack "$stack"
# The order of destruction revokes: each Vault role goes first, then its leases, then what they need.
pulumi destroy --stack "$stack" --yes --skip-preview --non-interactive
pulumi stack rm "$stack" --yes --preserve-config --non-interactive
