"""What a Vault role of a secrets engine refuses, policy files included."""

from tests.unit.declared import LEFT_OUT, POLICY, TARGET
from tests.unit.refusals.fields import Case, Fields, of

ENGINE = "secretsEngines.aws"
READER = f"{ENGINE}.roles.reader"
DEPLOY = f"{ENGINE}.roles.deploy"
TOO_LONG = "x" * 256
IMPOSSIBLE = (
    "must be iam_user or assumed_role: Vault holds a session and no key, and AWS lets no session "
    "call"
)
CHAINED = (
    "must be at most 3600: Vault's own session assumes the target role, and AWS ends such a "
    "chained session after an hour"
)
TAGS = (
    "must be letters, digits, blanks and . : / = + @ _ - only, and no key may begin with aws:; "
    "look at"
)

_READER: Fields = [
    ("credentialType", LEFT_OUT, ": is missing; must be iam_user or assumed_role"),
    ("credentialType", "user", ': "user" must be iam_user or assumed_role'),
    (
        "credentialType",
        "federation_token",
        f': "federation_token" {IMPOSSIBLE} GetFederationToken',
    ),
    ("credentialType", "session_token", f': "session_token" {IMPOSSIBLE} GetSessionToken'),
    (
        "policy",
        "none.json",
        ': "none.json" must be a file inside the project\'s folder; there is none',
    ),
    (
        "policy",
        TOO_LONG,
        f": \"{TOO_LONG[:79]}... must be a file inside the project's folder; there is none",
    ),
    (
        "policy",
        "../outside.json",
        ': "../outside.json" must be a file inside the project\'s folder; there is none',
    ),
    (
        "policy",
        "text.json",
        (
            ': "text.json" must hold an IAM policy: not JSON: Expecting property name enclosed in '
            "double quotes in line 1"
        ),
    ),
    (
        "policy",
        "wrong.json",
        (
            ': "wrong.json" must hold an IAM policy: statement 1: Action must be such as '
            'iam:GetUser, or a list of such, not "GetUser"'
        ),
    ),
    (
        "policy",
        "typed.json",
        (
            ': "typed.json" must hold an IAM policy: statement 2: unknown condition operator '
            "'StringEqual'; did you mean StringEquals? known are Null, and also with IfExists or "
            "after ForAllValues: or ForAnyValue: StringEquals, StringNotEquals, "
            "StringEqualsIgnoreCase, StringNotEqualsIgnoreCase, StringLike, StringNotLike, "
            "NumericEquals, NumericNotEquals, NumericLessThan, NumericLessThanEquals, "
            "NumericGreaterThan, NumericGreaterThanEquals, DateEquals, DateNotEquals, "
            "DateLessThan, DateLessThanEquals, DateGreaterThan, DateGreaterThanEquals, Bool, "
            "BinaryEquals, IpAddress, NotIpAddress, ArnEquals, ArnNotEquals, ArnLike, ArnNotLike; "
            "statement 1: iam:GetUser acts on none of the resources here; it must be of the form "
            "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}; statement 2: iam has no "
            "action 'GetUsr'; did you mean GetUser or GetUserPolicy or DeleteUser?; statement 2: "
            "iam has no condition key 'iam:ResourceTags/team'; did you mean "
            "iam:ResourceTag/${TagKey} or aws:ResourceTag/${TagKey}?"
        ),
    ),
    (
        "policy",
        "binary.json",
        (
            ": \"binary.json\" must be a readable file of UTF-8 text: 'utf-8' codec can't decode "
            "byte 0xff in position 0: invalid start byte"
        ),
    ),
    ("policy", "list.json", ': "list.json" must hold an IAM policy: must be a JSON object'),
    (
        "policy",
        "twice.json",
        (
            ": \"twice.json\" must hold an IAM policy: the key 'Statement' is there twice in one "
            "object"
        ),
    ),
    (
        "policy",
        "empty.json",
        (
            ': "empty.json" must hold an IAM policy: Statement must be an object or a list with '
            "at least one"
        ),
    ),
    (
        "policy",
        "malformed.json",
        (
            ": \"malformed.json\" must hold an IAM policy: holds 'Ж'; IAM takes characters up to "
            "U+00FF only; unknown element 'Statements'; Version must be \"2012-10-17\"; under "
            '"2008-10-17" policy variables such as ${aws:username} are plain text, and match '
            "nothing; statement 1: must be an object; statement 2: Effect must be Allow or Deny; "
            "statement 2: Action must be such as iam:GetUser, or a list of such; it is empty; "
            "statement 2: Condition must be an object; statement 3: unknown element 'Principal'; "
            "only resource policies name one; statement 3: must have either Action or NotAction; "
            "statement 3: condition 'Bool' must be an object of keys and values; statement 3: "
            "condition 'StringEquals' on 'aws:PrincipalTag/team' must have a value, or a list of "
            "values; statement 4: unknown element 'Actions'; statement 4: Sid must be letters and "
            'digits; statement 4: NotResource must be an ARN or *, or a list of such, not "iam"; '
            "the Sid 'One' is there twice"
        ),
    ),
    (
        "policy",
        "number.json",
        ': "number.json" must hold an IAM policy: not JSON: NaN is no number',
    ),
    (
        "policy",
        "values.json",
        (
            ': "values.json" must hold an IAM policy: Id must be text; statement 1: Resource '
            '"arn:AWS:s3:::a" must be in a partition of AWS: aws, aws-cn, aws-eusc, aws-iso, '
            "aws-iso-b, aws-iso-e, aws-iso-f, aws-us-gov; statement 1: Resource "
            '"arn:aws:s3:${aws:username}::a" may have a variable after the fifth colon only, for '
            'IAM reads none before; statement 1: Resource "arn:aws:s3:::${a}" has the policy '
            "variable ${a}, which must be ${key}, ${key, 'default'}, ${*}, ${?} or ${$}; "
            'statement 1: Resource "arn:aws:s3:::${aws:username" has a policy variable without a '
            'closing brace; statement 1: Resource "arn:aws:s3:::${aws:usrname}" has the policy '
            "variable ${aws:usrname}, which AWS does not know; did you mean aws:Username?; "
            "statement 1: condition 'NumericEquals' on 's3:max-keys': \"ten\" must be a number; "
            "statement 1: condition 'NumericEquals' on 's3:max-keys': \"Infinity\" must be a "
            "number; statement 1: condition 'Bool' on 'aws:SecureTransport': \"yes\" must be true "
            "or false; statement 2: s3 has no 'arn:aws:s3:us-east-1::a'; it must be of the form "
            "arn:${Partition}:s3:::${BucketName} or "
            "arn:${Partition}:s3:us-west-2:${Account}:async-request/mrap/${Operation}/${Token} or "
            "arn:${Partition}:s3:::${BucketName}/${ObjectName} and 10 more"
        ),
    ),
    (
        "policy",
        "marked.json",
        (
            ': "marked.json" must be plain UTF-8, and marked.json begins with the mark of UTF-8: '
            "save it as UTF-8 without a byte-order mark"
        ),
    ),
    (
        "policy",
        "wide.json",
        (
            ': "wide.json" must be plain UTF-8, and wide.json begins with the mark of UTF-16: '
            "save it as UTF-8 without a byte-order mark"
        ),
    ),
    (
        "policy",
        "wide-unmarked.json",
        (
            ': "wide-unmarked.json" must be plain UTF-8, and wide-unmarked.json is UTF-16 or no '
            "text: save it as UTF-8 without a byte-order mark"
        ),
    ),
    (
        "policy",
        "old.json",
        (
            ': "old.json" must hold an IAM policy: Version must be "2012-10-17"; under '
            '"2008-10-17" policy variables such as ${aws:username} are plain text, and match '
            "nothing"
        ),
    ),
    (
        "policy",
        "unversioned.json",
        (
            ': "unversioned.json" must hold an IAM policy: Version must be "2012-10-17"; without '
            'one it is "2008-10-17", where policy variables such as ${aws:username} are plain '
            "text, and match nothing"
        ),
    ),
    (
        "policy",
        "misnamed.json",
        (
            ": \"misnamed.json\" must hold an IAM policy: statement 1: AWS has no service 'iamm'; "
            "did you mean iam?; statement 2: iam:ListUsers acts on no resource of its own; it "
            'needs the Resource "*"; statement 3: no action here acts on '
            "'arn:aws:iam::*:role/*'; it must be of the form "
            "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"
        ),
    ),
    (
        "policy",
        "large.json",
        (
            ': "large.json" must have at most 2048 non-blank characters, for AWS grants a user no '
            "more, not 2401; use managedPolicies"
        ),
    ),
    (
        "managedPolicies",
        ["arn:aws:iam::210987654321:policy/x"],
        '[0]: "arn:aws:iam::210987654321:policy/x" must be in account 123456789012 or aws',
    ),
    ("managedPolicies", [POLICY] * 2, ": must not hold an entry twice"),
    (
        "groups",
        ["devs*"],
        ("[0]: \"devs*\" group 'devs*' must be [path/]name of letters, digits and + = , . @ _ -"),
    ),
    ("tags", {"aws:x": "y"}, f": {TAGS} 'aws:x'"),
    ("tags", {"x": "y*"}, f": {TAGS} 'x'"),
    ("tags", {"x": "y\n"}, f": {TAGS} 'x'"),
    (
        "tags",
        {"team": "a", "Team": "b"},
        (
            ": must have keys that differ by more than case, for IAM sees no other; look at "
            "'team' and 'Team'"
        ),
    ),
    (
        "tags",
        {"": "y"},
        ": must have keys of 1 to 128 and values of up to 256 characters; look at ''",
    ),
    ("tags", {f"k{number}": "v" for number in range(51)}, ": must be at most 50 tags"),
    (
        "boundary",
        TARGET,
        f': "{TARGET}" must be the ARN of a policy: arn:aws:iam::<account>:policy/...',
    ),
    (
        "maxTtlSeconds",
        900,
        ": is refused: Vault has no lease time per iam_user role; set it on the engine",
    ),
    ("roleArns", [TARGET], ": is refused: only assumed_role knows it"),
    (
        "userPath",
        "/x/",
        (
            ": is refused: users are always on the mount's own IAM path, by which the policies of "
            "its IAM role know them"
        ),
    ),
]

_DEPLOY: Fields = [
    (
        "roleArns",
        [f"{TARGET}*"],
        f'[0]: "{TARGET}*" must be the ARN of one role, without wildcards',
    ),
    (
        "roleArns",
        [TARGET.replace("aws", "aws-cn")],
        (
            f'[0]: "{TARGET.replace("aws", "aws-cn")}" must be in the partition aws of the '
            "account's region"
        ),
    ),
    ("externalId", "x", ": (secret) must be 2 to 1224 letters, digits and + = , . @ : / _ -"),
    ("maxTtlSeconds", 3_601, f": 3601 {CHAINED}"),
    ("maxTtlSeconds", 899, ": 899 must be at least 900"),
    ("maxTtlSeconds", 1_800, ": 1800 must be at least defaultTtlSeconds, 3600"),
    (
        "policy",
        "blanks.json",
        (
            ': "blanks.json" must have at most 2048 characters, for AWS grants a session no more, '
            "not 2151; use managedPolicies"
        ),
    ),
    (
        "managedPolicies",
        [POLICY],
        (
            f'[0]: "{POLICY}" must be in account 210987654321 or aws: STS looks for a session '
            "policy in the account of the target role"
        ),
    ),
    (
        "managedPolicies",
        [TARGET],
        (f'[0]: "{TARGET}" must be the ARN of a policy: arn:aws:iam::<account>:policy/...'),
    ),
    (
        "managedPolicies",
        [f"arn:aws:iam::aws:policy/P{number}" for number in range(11)],
        ": must hold at most 10",
    ),
    (
        "groups",
        ["devs"],
        (
            ": is refused: Vault would read the groups' policies at every request and hand them on "
            "as a session policy; write that as policy or managedPolicies"
        ),
    ),
    ("tags", {"team": "a"}, ": is refused: the tags of a session are its sessionTags"),
    (
        "boundary",
        POLICY,
        ": is refused: a session has the permissions boundary of its target role",
    ),
]

CASES: list[Case] = [
    *of(READER, _READER),
    *of(DEPLOY, _DEPLOY),
    (
        {READER: {"credentialType": "iam_user", "tags": {"": ""}}},
        (
            "secretsEngines.aws.roles.reader: must have policy, managedPolicies or groups; its "
            "users may do nothing\n"
            "secretsEngines.aws.roles.reader.tags: must have keys of 1 to 128 and values of up to "
            "256 characters; look at ''"
        ),
    ),
    (
        {
            f"{DEPLOY}.externalId": "a",
            f"{DEPLOY}.maxTtlSeconds": 3_600,
            "secretsEngines.aws.maxTtlSeconds": 3_000,
            "secretsEngines.aws.defaultTtlSeconds": 3_000,
        },
        (
            "secretsEngines.aws.roles.deploy.externalId: (secret) must be 2 to 1224 letters, "
            "digits and + = , . @ : / _ -\n"
            "secretsEngines.aws.roles.deploy.maxTtlSeconds: 3600 must be at most 3000, the "
            "engine's maxTtlSeconds"
        ),
    ),
    (
        {f"{READER}.policy": LEFT_OUT},
        (
            "secretsEngines.aws.roles.reader: must have policy, managedPolicies or groups; "
            "its users may do nothing"
        ),
    ),
    (
        {f"{READER}.groups": ["g" * 116]},
        (
            f"{ENGINE}.roles: inline policy name 'revoke-group-{'g' * 116}' has 129 characters, "
            "allowed are 128; use a group with a shorter name"
        ),
    ),
    (
        {
            f"{READER}.groups": ["devs"],
            f"{ENGINE}.roles.second": {
                "credentialType": "iam_user",
                "groups": ["people/devs"],
            },
        },
        (
            'secretsEngines.aws.roles.second.groups: "people/devs" is the same group as devs: '
            "IAM tells names by neither path nor case"
        ),
    ),
]
