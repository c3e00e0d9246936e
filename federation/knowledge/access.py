"""Why AWS refuses a request of somebody who is signed in, or what it says to a wrong key."""

import re

from federation.knowledge.rule import AWS, Rule, Step
from federation.knowledge.steps import BLOCK, COMPARE_CLOCKS, UPDATE

DENIED_CODES = ("AccessDenied", "UnauthorizedOperation")
_GUIDE = 'IAM User Guide, "Troubleshoot access denied error messages"'
_WHO = (
    r"(?:User: arn:[a-z-]+:\w+::(?P<account>\d{12}):(?:assumed-role/(?P<role>[\w+=,.@-]+)/)?"
    r"[\w+=,.@/-]+ is )?"
)
_WHAT = (
    rf"{_WHO}not authorized to perform: (?P<action>[\w-]+:[\w*-]+)"
    r'(?: on resource: "?(?P<resource>[\w:/+=,.@*-]+)"?)?'
)

ASSUMABLE = "the role must be there, trust whoever {asks}, and ask for no other externalId"
"""What it takes to assume a role, apart from the right to."""

_SIMULATE = Step(
    do="let AWS say which policy decides",
    command="aws iam simulate-principal-policy --policy-source-arn "
    "arn:aws:iam::{account}:role/{role} --action-names {action} --resource-arns '{resource}'",
)

NOT_GRANTED = Rule(
    says=AWS,
    codes=DENIED_CODES,
    words=rf"{_WHAT} because no identity-based policy allows",
    meaning="whoever asked has no policy that allows it",
    causes=(
        "the role of the engine lost an inline policy that this stack gave it",
        "a Vault role was written by hand and makes users elsewhere than the stack allows",
        "the credentials are right, and their policy does not grant this",
    ),
    remedy=(UPDATE, _SIMULATE),
    source=_GUIDE,
)
SERVICE_CONTROL = Rule(
    says=AWS,
    codes=DENIED_CODES,
    words=rf"{_WHAT} (?:with an explicit deny in|because no) a? ?"
    "(?:service|resource) control policy",
    meaning="the organisation forbids it to every principal of the account",
    causes=(
        (
            "for iam:CreateUser: the organisation demands tags, or something else, of every "
            "user that is made; Vault makes users first and tags them then, by TagUser"
        ),
        "the organisation does not use this service or region",
    ),
    remedy=(
        Step(
            do="have the role excepted in that policy, by its ARN",
            command='"Condition": {{"ArnNotLike": {{"aws:PrincipalArn": '
            '"arn:aws:iam::{account}:role/{role}"}}}}',
        ),
        Step(do="or let the Vault role be an `assumed_role`, for which no user is made"),
    ),
    source=f"{_GUIDE}; hashicorp/vault issue 32001",
)
BLOCKED = Rule(
    says=AWS,
    codes=DENIED_CODES,
    words=rf"{_WHAT} with an explicit deny in an identity-based policy",
    meaning="a policy of whoever asked denies it outright",
    causes=(
        (
            f"the sessions of this role were ended (inline policy {BLOCK}): one that began "
            "earlier is refused everything, one that begins now is not"
        ),
        "the policy of the credentials denies it",
    ),
    remedy=(
        Step(
            do="see whether the role has that block",
            command=f"aws iam get-role-policy --role-name {{role}} --policy-name {BLOCK}",
        ),
        Step(
            do="get new credentials; an engine that still uses an old session signs in anew by",
            command=("vaultaws revoke-sessions arn:aws:iam::{account}:role/{role} --stack {stack}"),
        ),
    ),
    source=f'{_GUIDE}; "Revoke IAM role temporary security credentials"',
)
BOUNDARY = Rule(
    says=AWS,
    codes=DENIED_CODES,
    words=rf"{_WHAT} (?:because no|with an explicit deny in a) permissions boundary",
    meaning="the permissions boundary of whoever asked does not allow it",
    causes=("`boundary`, of the account or of the Vault role, is narrower than what it bounds",),
    remedy=(
        Step(
            do="read which boundary counts",
            command="aws iam get-role --role-name {role} --query Role.PermissionsBoundary",
        ),
        Step(do="let the boundary allow {action}, or set another one in the settings"),
    ),
    source=_GUIDE,
)
SESSION_POLICY = Rule(
    says=AWS,
    codes=DENIED_CODES,
    words=rf"{_WHAT} (?:because no|with an explicit deny in a) session policy",
    meaning="the session is narrower than its role, and does not allow it",
    causes=("`policy` or `managedPolicies` of the `assumed_role` Vault role does not grant it",),
    remedy=(
        Step(
            do="read the session policy of the Vault role",
            command="vault read -field=policy_document {mount}/roles/{vault_role}",
        ),
        Step(do="let it grant {action} in the settings, then `pulumi up`"),
    ),
    source=_GUIDE,
)
TAG_SESSION = Rule(
    says=AWS,
    codes=DENIED_CODES,
    words=rf"{_WHO}not authorized to perform: sts:TagSession",
    meaning="the trust policy of the target role does not let its sessions be tagged so",
    causes=(
        "the Vault role sends session tags that the target role does not declare, or other values",
        "a trust behind `roleArns`, which this stack does not write, allows sts:AssumeRole alone",
    ),
    remedy=(
        Step(do="declare the same `sessionTags` at the Vault role and at the target role"),
        Step(do="a trust that others write must allow sts:TagSession to the engine's role, too"),
    ),
    source='IAM User Guide, "Pass session tags in AWS STS"',
)
NOT_ASSUMABLE = Rule(
    says=AWS,
    codes=DENIED_CODES,
    words=rf"{_WHO}not authorized to perform: sts:AssumeRole\b(?: on resource: "
    r"(?:arn:[a-z-]+:iam::(?P<owner>\d{12}):role/(?:[\w+=,.@/-]+/)?(?P<target>[\w+=,.@-]+))?)?"
    r"(?!.* because no identity-based)",
    meaning="the role may not be assumed by whoever asked",
    causes=(
        ASSUMABLE.format(asks="asks"),
        (
            "the role that asks was deleted and made again: IAM keeps its unique id in the trust "
            "policy, and no longer trusts the name"
        ),
    ),
    remedy=(
        Step(
            do="read the trust policy",
            command="aws iam get-role --role-name {target} --query Role.AssumeRolePolicyDocument",
        ),
        UPDATE,
        Step(do="a trust that others write, for `roleArns`, must be saved again by its owner"),
    ),
    source='IAM User Guide, "AWS JSON policy elements: Principal"',
)
FROM_SESSION = Rule(
    says=AWS,
    codes=("AccessDenied",),
    words=r"Cannot call (?P<call>\w+) with session credentials",
    meaning="a session cannot ask for this; only an IAM user's own key can",
    causes=(
        (
            "a Vault role of type federation_token or session_token: without keys in Vault, such "
            "credentials cannot be had"
        ),
    ),
    remedy=(Step(do="let the Vault role be an `assumed_role` or an `iam_user`"),),
    source='IAM User Guide, "Compare AWS STS credentials"; Vault, AWS secrets engine, "Plugin '
    'Workload Identity Federation"',
)
DENIED = Rule(
    says=AWS,
    codes=("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"),
    meaning="AWS refuses it, and this text does not say which policy does",
    causes=(
        (
            "no policy allows it, or one denies it: of the principal, of the resource, or of the "
            "organisation"
        ),
    ),
    remedy=(
        Step(
            do="read the event in CloudTrail: errorMessage names the kind of policy",
            command="aws cloudtrail lookup-events --lookup-attributes "
            "AttributeKey=EventName,AttributeValue=EVENT_NAME --max-results 5",
        ),
        _SIMULATE,
    ),
    source=_GUIDE,
)
NEW_KEY = Rule(
    says=AWS,
    codes=(
        *("InvalidClientTokenId", "InvalidAccessKeyId"),
        *("UnrecognizedClientException", "AuthFailure"),
    ),
    meaning="AWS does not know the access key",
    causes=(
        (
            "the key of a new IAM user is not known everywhere at once: it takes ten seconds "
            "and more, and reaches one service or region before another"
        ),
        "the lease has ended, and Vault has deleted the user",
        "the key belongs to another partition (aws, aws-cn, aws-us-gov)",
    ),
    remedy=(
        Step(
            do="repeat for a minute; that `get-caller-identity` answers says nothing of others",
        ),
        Step(do="see whether the lease lives", command="vault lease lookup LEASE_ID"),
        Step(do="sessions of an `assumed_role` are known at once"),
    ),
    source='IAM User Guide, "Changes that I make are not always immediately visible"; Vault, AWS '
    'secrets engine, "iam_user"',
)
SESSION_ENDED = Rule(
    says=AWS,
    codes=("ExpiredToken", "RequestExpired", "ExpiredTokenException"),
    words=r"\bExpiredToken\b|\bRequestExpired\b|security token included in the request is expired",
    meaning="the session has ended, or the request was signed too long ago",
    causes=(
        "a session of an `assumed_role` lives an hour at most, and its lease cannot be renewed",
        "the clock of this machine is off by more than five minutes",
    ),
    remedy=(
        Step(do="read new credentials", command="vault read {mount}/creds/{vault_role}"),
        COMPARE_CLOCKS,
    ),
    source='IAM API Reference, "Common Errors"',
)
SIGNATURE = Rule(
    says=AWS,
    codes=("SignatureDoesNotMatch", "InvalidSignatureException"),
    meaning="the secret key does not belong to the access key, or the clocks differ",
    causes=(
        "a secret that was cut or changed when it was copied",
        '"Signature expired": the clock of this machine is off',
    ),
    remedy=(
        Step(do="read the credentials again, and copy them whole"),
        COMPARE_CLOCKS,
    ),
    source='IAM User Guide, "Troubleshoot Signature Version 4 signing for AWS API requests"',
)

RULES = (
    *(NOT_GRANTED, SERVICE_CONTROL, BLOCKED, BOUNDARY, SESSION_POLICY, TAG_SESSION),
    *(NOT_ASSUMABLE, FROM_SESSION, DENIED, NEW_KEY, SESSION_ENDED, SIGNATURE),
)
"""What AWS says to whom it knows, and to whom it does not."""


def refused_caller(message: str, action: str) -> str:
    """Return the ARN of whom AWS refused an action; empty if the message is another one.

    It says who Vault is at AWS, for Vault passes these words on and its API does not tell.

    Args:
        message: What AWS said.
        action: The action, such as ``iam:GetUser``.
    """
    found = re.search(
        rf"User: (arn:\S+) is not authorized to perform: {re.escape(action)}", message
    )
    return found[1] if found else ""
