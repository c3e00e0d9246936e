"""What an auth method and its Vault roles refuse."""

from tests.unit.declared import APP, LEFT_OUT
from tests.unit.refusals.fields import Case

STRANGER = "arn:aws:iam::210987654321:role/app"
LOOK_UP = "arn:aws:iam::210987654321:role/look-up"
SESSION = "arn:aws:sts::123456789012:assumed-role/app/i-0123"
METHOD = "authMethods.aws"
ROLE = f"{METHOD}.roles.app"
_SECOND = {"account": "main", "audience": "other"}

CASES: list[Case] = [
    ({f"{METHOD}.account": LEFT_OUT}, f"{METHOD}.account: is missing"),
    (
        {f"{METHOD}.account": "nobody"},
        f'{METHOD}.account: "nobody" is no account of this stack; known are main',
    ),
    ({f"{METHOD}.audience": LEFT_OUT}, f"{METHOD}.audience: is missing"),
    (
        {f"{METHOD}.audience": "secrets"},
        (
            f'{METHOD}.audience: "secrets" is already the audience of secretsEngines.aws; each '
            "mount needs its own"
        ),
    ),
    (
        {"authMethods.spare": {"account": "main", "audience": "logins"}},
        (
            'authMethods.spare.audience: "logins" is already the audience of aws; each mount '
            "needs "
            "its own"
        ),
    ),
    (
        {"authMethods.spare": {**_SECOND, "path": "aws/two"}},
        (
            'authMethods.spare.path: "aws/two" is the path of aws, or within it, or around it, '
            "in "
            "the same namespace"
        ),
    ),
    (
        {"authMethods.spare": {**_SECOND, "path": "token/aws"}},
        (
            'authMethods.spare.path: "token/aws" must not begin with token, where '
            "Vault's own tokens are"
        ),
    ),
    (
        {"authMethods.Spare": _SECOND},
        "authMethods.Spare: name 'Spare' must be lower-case letters and digits, with - inside",
    ),
    (
        {
            "humanLogins.people": {
                "discoveryUrl": "https://people.example.com",
                "clientId": "vault",
                "path": "aws",
                "groups": {"devs": {"awsRoles": ["aws/reader"]}},
            },
            "humanLoginSecrets.people": "false-secret",
            "secretsEngines.aws.roles": {
                "reader": {
                    "credentialType": "iam_user",
                    "managedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                }
            },
        },
        (
            'humanLogins.people.path: "aws" is the path of authMethods.aws, or within it, or '
            "around it, in the same namespace"
        ),
    ),
    ({"authMethods": []}, "authMethods: must be an object"),
    ({METHOD: None}, f"{METHOD}: must be an object"),
    ({ROLE: "x"}, f"{ROLE}: must be an object"),
    (
        {f"{METHOD}.accessKey": "x"},
        f"{METHOD}.accessKey: is refused: the method holds no AWS key",
    ),
    (
        {f"{METHOD}.serverId": "two words"},
        f'{METHOD}.serverId: "two words" must be 1 to 255 letters, digits and . _ : / -',
    ),
    (
        {f"{METHOD}.tokenTtlSeconds": 90_000},
        (
            f"{METHOD}.tokenTtlSeconds: 90000 must be at most 86400, "
            "vault.keyVerificationSeconds: AWS could not verify a token that outlives its key"
        ),
    ),
    (
        {f"{METHOD}.roles.App": {"boundPrincipals": [APP], "policies": ["app"]}},
        (
            f"{METHOD}.roles.App: Vault role 'App' must be lower-case letters, digits and _, "
            "with "
            "- . inside"
        ),
    ),
    (
        {f"{METHOD}.roles.{'r' * 65}": {"boundPrincipals": [APP], "policies": ["app"]}},
        (
            f"{METHOD}.roles.{'r' * 65}: Vault role '{'r' * 65}' has 65 characters, allowed are "
            "64; use a shorter one"
        ),
    ),
    ({f"{ROLE}.boundPrincipals": LEFT_OUT}, f"{ROLE}.boundPrincipals: is missing"),
    ({f"{ROLE}.boundPrincipals": []}, f"{ROLE}.boundPrincipals: must hold at least one"),
    (
        {f"{ROLE}.boundPrincipals": [APP, APP]},
        f"{ROLE}.boundPrincipals: must not hold an entry twice",
    ),
    (
        {f"{ROLE}.boundPrincipals": ["*"]},
        (
            f'{ROLE}.boundPrincipals[0]: "*" must be the ARN of a role or a user: '
            "arn:aws:iam::<account>:role/<name>, with * at its end or nowhere"
        ),
    ),
    (
        {f"{ROLE}.boundPrincipals": [f"{APP}-*"]},
        (
            f'{ROLE}.boundPrincipals: "{APP}-*" has a wildcard; name each principal, or set '
            "wildcardPrincipals of the method (whoever can make a principal of such a name can "
            "then log in)"
        ),
    ),
    (
        {f"{ROLE}.boundPrincipals": [SESSION]},
        (
            f'{ROLE}.boundPrincipals[0]: "{SESSION}" must be the role, not a session of it: '
            f"{APP}, with the role's path if it has one"
        ),
    ),
    (
        {
            f"{METHOD}.wildcardPrincipals": True,
            f"{ROLE}.boundPrincipals": ["arn:aws:iam::123456789012:user/*"],
        },
        (
            f'{ROLE}.boundPrincipals[0]: "arn:aws:iam::123456789012:user/*" must not take in '
            "user/vault/, the users that Vault itself makes: their credentials would log in to "
            "Vault again"
        ),
    ),
    (
        {f"{ROLE}.boundPrincipals": ["arn:aws-cn:iam::123456789012:role/app"]},
        (
            f'{ROLE}.boundPrincipals: "arn:aws-cn:iam::123456789012:role/app" must be in the '
            "partition aws"
        ),
    ),
    (
        {f"{ROLE}.boundPrincipals": [STRANGER]},
        (
            f'{ROLE}.boundPrincipals: "{STRANGER}" is in another account than 123456789012; '
            "add a "
            "role of 210987654321 to the method's stsRoles, through which Vault looks it up"
        ),
    ),
    (
        {f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP}]},
        f'{METHOD}.stsRoles[0].roleArn: "{LOOK_UP}" is needed by no principal; take it out',
    ),
    (
        {
            f"{ROLE}.boundPrincipals": [STRANGER],
            f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP}, {"roleArn": f"{LOOK_UP}-2"}],
        },
        (
            f'{METHOD}.stsRoles[1].roleArn: "{LOOK_UP}-2" is a second role of its account; '
            "Vault "
            "takes one"
        ),
    ),
    (
        {f"{METHOD}.stsRoles": [{"roleArn": f"{APP}-2"}]},
        (
            f'{METHOD}.stsRoles[0].roleArn: "{APP}-2" is in the method\'s own account, which '
            "needs "
            "none"
        ),
    ),
    (
        {f"{METHOD}.stsRoles": [{"roleArn": f"{LOOK_UP}*"}]},
        (
            f'{METHOD}.stsRoles[0].roleArn: "{LOOK_UP}*" must be the ARN of one role, without '
            "wildcards"
        ),
    ),
    (
        {f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP.replace("aws", "aws-cn")}]},
        (
            f'{METHOD}.stsRoles[0].roleArn: "{LOOK_UP.replace("aws", "aws-cn")}" must be in the '
            "partition aws"
        ),
    ),
    (
        {f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP, "externalId": "x"}]},
        (
            f"{METHOD}.stsRoles[0].externalId: (secret) must be 2 to 1224 letters, digits and "
            "+ = , . @ : / _ -"
        ),
    ),
    (
        {f"{ROLE}.policies": LEFT_OUT},
        f"{ROLE}: must have policies or existingPolicies; its tokens may do nothing",
    ),
    (
        {f"{ROLE}.policies": ["absent"]},
        (
            f'{ROLE}.policies[0]: "absent" must have a readable file '
            "policies/vault/absent.hcl; "
            "what another keeps belongs into existingPolicies"
        ),
    ),
    (
        {f"{ROLE}.policies": ["binary"]},
        (
            f'{ROLE}.policies[0]: "binary" must have a readable file '
            "policies/vault/binary.hcl; "
            "what another keeps belongs into existingPolicies"
        ),
    ),
    (
        {f"{ROLE}.policies": ["blank"]},
        f'{ROLE}.policies[0]: "blank" must have something in its file policies/vault/blank.hcl',
    ),
    (
        {f"{ROLE}.policies": ["marked"]},
        (
            'authMethods.aws.roles.app.policies[0]: "marked" must be plain UTF-8, and marked.hcl '
            "begins with the mark of UTF-8: save it as UTF-8 without a byte-order mark"
        ),
    ),
    (
        {f"{ROLE}.policies": ["wide"]},
        (
            'authMethods.aws.roles.app.policies[0]: "wide" must be plain UTF-8, and wide.hcl is '
            "UTF-16 or no text: save it as UTF-8 without a byte-order mark"
        ),
    ),
    (
        {f"{ROLE}.policies": ["template"]},
        (
            'authMethods.aws.roles.app.policies[0]: "template" must be a policy, and '
            "policies/vault/template.hcl is a template: only the program fills in its ${mount} "
            "and ${role}; name a policy without such, or write one"
        ),
    ),
    (
        {f"{ROLE}.policies": [], f"{ROLE}.boundPrincipals": [STRANGER], f"{ROLE}.maxTtlSeconds": 1},
        (
            "authMethods.aws.roles.app: must have policies or existingPolicies; its tokens may do "
            "nothing\n"
            "authMethods.aws.roles.app.maxTtlSeconds: 1 must be at least 60\n"
            'authMethods.aws.roles.app.boundPrincipals: "arn:aws:iam::210987654321:role/app" is '
            "in another account than 123456789012; add a role of 210987654321 to the method's "
            "stsRoles, through which Vault looks it up"
        ),
    ),
    (
        {f"{METHOD}.stsRoles": [{"roleArn": LOOK_UP}], f"{ROLE}.defaultTtlSeconds": 1},
        ("authMethods.aws.roles.app.defaultTtlSeconds: 1 must be at least 60"),
    ),
    (
        {f"{ROLE}.policies": ["../app"]},
        (
            f"{ROLE}.policies[0]: \"../app\" policy '../app' must be lower-case letters, "
            "digits "
            "and _, with - . inside"
        ),
    ),
    (
        {f"{ROLE}.existingPolicies": ["root"]},
        (
            f'{ROLE}.existingPolicies[0]: "root" must be a policy that a login can grant: '
            "default "
            "is always there, root never"
        ),
    ),
    (
        {f"{ROLE}.existingPolicies": ["Reader"]},
        (
            f'{ROLE}.existingPolicies[0]: "Reader" must be a policy\'s name in lower case, as '
            "Vault keeps it"
        ),
    ),
    (
        {f"{ROLE}.defaultTtlSeconds": 7_200},
        f"{ROLE}.maxTtlSeconds: 3600 must be at least defaultTtlSeconds, 7200",
    ),
    (
        {f"{ROLE}.boundAccountIds": ["123456789012"]},
        f"{ROLE}.boundAccountIds: is refused: it is for EC2 instances; name the principals",
    ),
    (
        {f"{ROLE}.boundIamPrincipalArns": [APP]},
        f"{ROLE}.boundIamPrincipalArns: is refused: it is called boundPrincipals here",
    ),
    (
        {f"{ROLE}.resolveAwsUniqueIds": False},
        (
            f"{ROLE}.resolveAwsUniqueIds: is refused: an exact principal is always bound by "
            "its "
            "unique id, so that one made anew under its name is not taken for it"
        ),
    ),
    (
        {f"{ROLE}.boundPrincipals": [f"{APP}-{number:050}" for number in range(140)]},
        (
            f"{METHOD}.roles: makes the inline policies 12435 non-blank characters long; AWS "
            "allows 10240"
        ),
    ),
]
