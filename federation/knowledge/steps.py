"""What several rules say to do."""

from federation.knowledge.rule import Step

EVENT = "AssumeRoleWithWebIdentity"
"""Name of the exchange in CloudTrail."""
BLOCK = "AWSRevokeOlderSessions"
"""Name of the inline policy that ends older sessions of a role, as AWS's console gives it (IAM User
Guide, "Revoke IAM role temporary security credentials")."""

SEE_STACK = Step(
    do="compare what AWS holds with what Vault is and presents now",
    command="vaultaws explain --stack {stack}",
)
SEE_EVENT = Step(
    do="read AWS's own reason in CloudTrail of the role's account, in the region Vault asks",
    command=(
        "aws cloudtrail lookup-events --lookup-attributes "
        f"AttributeKey=EventName,AttributeValue={EVENT} --max-results 5"
    ),
)
UPDATE = Step(do="let the stack write it anew", command="pulumi up --stack {stack}")
SEE_PROVIDER = Step(
    do="read the identity provider: its audiences and thumbprints",
    command="aws iam get-open-id-connect-provider --open-id-connect-provider-arn {provider}",
)
SIGN_IN_ANEW = Step(
    do="let Vault sign in anew, for a client of AWS that got no session keeps trying in vain",
    command="vault write sys/plugins/reload/backend mounts={mount}/",
)
COMPARE_CLOCKS = Step(
    do="compare the clocks", command="date -u; curl -sI https://sts.amazonaws.com"
)
