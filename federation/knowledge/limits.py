"""What IAM and STS do not take, whoever asks: wrong forms, limits, and what is in the way."""

from federation.knowledge.rule import AWS, Rule, Step
from federation.knowledge.steps import BLOCK, EVENT, SEE_STACK

_STS = f'STS API Reference, "{EVENT}", Errors'

POLICY = Rule(
    says=AWS,
    codes=("MalformedPolicyDocument",),
    meaning="a policy document is not valid for AWS",
    causes=(
        (
            "the session policy or an inline policy is no JSON of IAM's policy language, or "
            "over its limit"
        ),
        "a trust policy names a principal that does not exist",
    ),
    remedy=(
        Step(
            do="let AWS itself check the file",
            command="aws accessanalyzer validate-policy --policy-type IDENTITY_POLICY "
            "--policy-document file://POLICY.json",
        ),
    ),
    source=_STS,
)
PACKED = Rule(
    says=AWS,
    codes=("PackedPolicyTooLarge",),
    meaning="session policies and session tags are together too large",
    causes=("the `policy`, `managedPolicies` and `sessionTags` of the Vault role, packed by AWS",),
    remedy=(
        Step(do="shorten the session policy, or move what it says into the target role's own"),
        Step(do="take session tags away that no policy asks for"),
    ),
    source=_STS,
)
REGION = Rule(
    says=AWS,
    codes=("RegionDisabledException",),
    meaning="STS is switched off in that region for this account",
    causes=("the account's `region` in the settings is one that nobody has enabled",),
    remedy=(
        Step(
            do="see whether the region is enabled",
            command="aws account get-region-opt-status --region-name REGION",
        ),
        Step(do="enable it, or set another `region` of the account in the settings"),
    ),
    source=_STS,
)
PARAMETER = Rule(
    says=AWS,
    codes=("ValidationError",),
    meaning="AWS does not accept a parameter as it is written",
    causes=(
        (
            "a duration below 900 s, or above the role's MaxSessionDuration; after role chaining, "
            "above 3600 s"
        ),
        "a session name that is not 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -",
        "an ARN with a part missing, or in quotes",
    ),
    remedy=(
        Step(
            do="read how long sessions of the role may be",
            command="aws iam get-role --role-name {role} --query Role.MaxSessionDuration",
        ),
        Step(
            do="read what the Vault role asks for (default_sts_ttl, max_sts_ttl, role_arns)",
            command="vault read {mount}/roles/{vault_role}",
        ),
    ),
    source=f'STS API Reference, "{EVENT}", Request Parameters',
)
ROLE_KEPT = Rule(
    says=AWS,
    codes=("DeleteConflict",),
    words="must delete policies first",
    meaning="AWS deletes no role that still has inline policies",
    causes=(
        f"sessions were ended by an inline policy ({BLOCK}) that no stack manages",
        "somebody gave the role an inline policy of their own",
    ),
    remedy=(
        Step(do="see which", command="aws iam list-role-policies --role-name {role}"),
        Step(
            do="take the block back, then repeat",
            command="vaultaws revoke-sessions ROLE_ARN --stack {stack} --undo",
        ),
    ),
    source='IAM API Reference, "DeleteRole"',
)
USER_KEPT = Rule(
    says=AWS,
    codes=("DeleteConflict",),
    meaning="AWS does not delete who still has something",
    causes=(
        (
            "somebody gave a user that Vault made a password, an MFA device, an SSH key, a signing "
            "certificate or service-specific credentials; Vault takes none away"
        ),
    ),
    remedy=(
        Step(
            do="see what the user has, each of these",
            command="aws iam get-login-profile --user-name USER; "
            "aws iam list-mfa-devices --user-name USER",
        ),
        Step(do="take it away, then repeat: a destroy that stops names user and command"),
    ),
    source='IAM User Guide, "Remove or deactivate an IAM user"',
)
ISSUER_UNREAD = Rule(
    says=AWS,
    codes=("OpenIdIdpCommunicationError",),
    meaning="AWS wanted to read the issuer's certificate itself, and did not reach it",
    causes=("an identity provider was made without thumbprints, and AWS does not reach the host",),
    remedy=(
        Step(do="give the thumbprints, as this program does", command=SEE_STACK.command),
        Step(do="let AWS in: docs/private-vault.md"),
    ),
    source='IAM API Reference, "CreateOpenIDConnectProvider"',
)
EXISTS = Rule(
    says=AWS,
    codes=("EntityAlreadyExists",),
    meaning="there is one of this name already",
    causes=(
        "a run was killed between making it and noting it",
        "another stack owns it: an identity provider is one for each account and issuer",
    ),
    remedy=(
        Step(
            do="let what a killed run left be found",
            command="vaultaws recover --stack {stack}",
        ),
        Step(do="another stack's identity provider: write `identityProvider: existing`"),
    ),
    source='IAM API Reference, "CreateOpenIDConnectProvider", "CreateRole"',
)
LIMIT = Rule(
    says=AWS,
    codes=("LimitExceeded",),
    meaning="a quota of IAM is used up",
    causes=(
        (
            "100 identity providers an account, 100 audiences a provider, 10,240 characters of "
            "inline policies a role, 2 access keys a user"
        ),
    ),
    remedy=(
        Step(do="see what is used", command="aws iam get-account-summary"),
        Step(do="have the quota raised, or use another account for the next team"),
    ),
    source='IAM User Guide, "IAM and AWS STS quotas"',
)

RULES = (
    *(POLICY, PACKED, REGION, PARAMETER),
    *(ROLE_KEPT, USER_KEPT, ISSUER_UNREAD, EXISTS, LIMIT),
)
"""What is refused before anybody's rights are looked at."""
