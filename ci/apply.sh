#!/usr/bin/env bash
# Does what a plan of `ci/preview.sh` says, and nothing beyond it: what has changed since is refused.
#
#   ci/apply.sh STACK FOLDER
set -euo pipefail
export PATH="$PWD/bin:$PWD/.venv/bin:$PATH"
stack=$1 folder=$2
source ci/guarded.bash

pulumi stack select --create "$stack" --non-interactive \
    ${SECRETS_PROVIDER:+--secrets-provider "$SECRETS_PROVIDER"}
pulumi up --stack "$stack" --yes --skip-preview --non-interactive --suppress-outputs \
    --plan "$folder/plans/$stack.json" "${guarded[@]}"
