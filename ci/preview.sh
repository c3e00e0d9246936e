#!/usr/bin/env bash
# What an update of one stack would do, for a person and for `ci/apply.sh`; nothing is written to the
# stack, so a role that may only read is enough.
#
#   ci/preview.sh STACK FOLDER
#
# makes FOLDER/previews/STACK.json, for `vaultaws review comment`, and FOLDER/plans/STACK.json.
set -euo pipefail
export PATH="$PWD/bin:$PWD/.venv/bin:$PATH"
stack=$1 folder=$2
source ci/guarded.bash
mkdir -p "$folder/previews" "$folder/plans"

# Who may only read makes no stack: one that is not there yet is previewed beside the others.
stacks=$(pulumi stack ls --json --non-interactive)
if ! grep -qE "\"name\": \"([^\"]*/)?$stack\"" <<< "$stacks"; then
    elsewhere=$(mktemp -d)
    trap 'rm -rf "$elsewhere"' EXIT
    export PULUMI_BACKEND_URL="file://$elsewhere"
    pulumi stack init "$stack" --non-interactive \
        ${SECRETS_PROVIDER:+--secrets-provider "$SECRETS_PROVIDER"} >&2
fi

# Of a token that may only read, the rights to deploy are not asked for.
VAULTAWS_READ_ONLY=1 pulumi preview --stack "$stack" --non-interactive --json \
    --save-plan "$folder/plans/$stack.json" \
    "${guarded[@]}" > "$folder/previews/$stack.json"
