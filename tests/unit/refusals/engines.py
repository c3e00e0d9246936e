"""What a secrets engine refuses."""

from settings import SECTIONS
from tests.unit.declared import ENGINES, LEFT_OUT, TARGET, Unstructured
from tests.unit.refusals.fields import Case, Fields, of

ENGINE = "secretsEngines.aws"
READER = f"{ENGINE}.roles.reader"
DEPLOY = f"{ENGINE}.roles.deploy"
AUDIENCE = "must be 1 to 255 letters, digits and . _ : / @ + = , -"
FORMER = (
    "must be an IAM path and the beginning of names, of three characters or more, with * for the "
    "rest: /vault-*"
)

_ENGINE: Fields = [
    ("account", "mian", ': "mian" is no account of this stack; known are main, other'),
    ("account", LEFT_OUT, ": is missing"),
    ("audience", "", f': "" {AUDIENCE}'),
    ("audience", "a b", f': "a b" {AUDIENCE}'),
    ("audience", "${aws:x}", f': "${{aws:x}}" {AUDIENCE}'),
    ("audience", "a" * 256, f': "{"a" * 79}... {AUDIENCE}'),
    (
        "path",
        "/aws",
        ': "/aws" must be letters, digits, - _ and . between single slashes, none outside',
    ),
    (
        "path",
        "sys/aws",
        (
            ': "sys/aws" must not begin with one of Vault\'s own audit, auth, cubbyhole, '
            "identity, sys"
        ),
    ),
    (
        "namespace",
        "root",
        (
            ': "root" must not use Vault\'s own audit, auth, cubbyhole, identity, root, sys; '
            "leave it out for the root"
        ),
    ),
    (
        "namespace",
        "a//b",
        (
            ': "a//b" must be letters, digits and _, with - inside, between single slashes, '
            "none outside"
        ),
    ),
    ("description", "", ': "" must not be empty'),
    ("maxTtlSeconds", 3_599, ": 3599 must be at least defaultTtlSeconds, 3600"),
    ("defaultTtlSeconds", 1, ": 1 must be at least 60"),
    (
        "tokenTtlSeconds",
        86_401,
        (
            ": 86401 must be at most 86400, vault.keyVerificationSeconds: AWS could not verify a "
            "token that outlives its key"
        ),
    ),
    ("formerUsers", ["/vault-*", "/vault-*"], ": must not hold an entry twice"),
    ("formerUsers", ["/*"], f'[0]: "/*" {FORMER}'),
    ("formerUsers", ["vault-*"], f'[0]: "vault-*" {FORMER}'),
    ("formerUsers", ["/apps/v*"], f'[0]: "/apps/v*" {FORMER}'),
    ("secretKey", "x", ": is refused: the engine holds no AWS key"),
]

CASES: list[Case] = [
    *of(ENGINE, _ENGINE),
    # What else an entry says is told together with what is wrong in it.
    (
        {
            f"{ENGINE}.audience": "vault-aws-other",
            f"{ENGINE}.defaultTtlSeconds": 1,
            "secretsEngines.second": {"account": "main", "audience": "vault-aws-other"},
            f"{ENGINE}.path": "second/in",
        },
        (
            "secretsEngines.aws.defaultTtlSeconds: 1 must be at least 60\n"
            'secretsEngines.second.path: "second" is the path of aws, or within it, or around it, '
            "in the same namespace\n"
            'secretsEngines.second.audience: "vault-aws-other" is already the audience of aws; '
            "each mount needs its own"
        ),
    ),
    (
        {f"{ENGINE}.defaultTtlSeconds": 90_000},
        "secretsEngines.aws.maxTtlSeconds: 86400 must be at least defaultTtlSeconds, 90000",
    ),
    (
        {f"{ENGINE}.defaultTtlSeconds": 900, f"{ENGINE}.maxTtlSeconds": 1_800},
        (
            "secretsEngines.aws.roles.deploy.maxTtlSeconds: 3600 must be at most 1800, the "
            "engine's maxTtlSeconds"
        ),
    ),
    (
        {"secretsEngines.spare.path": "aws/inner"},
        (
            'secretsEngines.spare.path: "aws/inner" is the path of aws, or within it, or '
            "around it, in the same namespace"
        ),
    ),
    (
        {"secretsEngines.spare.path": "aws"},
        (
            'secretsEngines.spare.path: "aws" is the path of aws, or within it, or around it, '
            "in the same namespace"
        ),
    ),
    (
        {
            "secretsEngines.spare.account": "main",
            "secretsEngines.spare.audience": "vault-aws-secrets",
        },
        (
            'secretsEngines.spare.audience: "vault-aws-secrets" is already the audience of '
            "aws; each mount needs its own"
        ),
    ),
    (
        {f"{ENGINE}.roles.Reader": ENGINES["secretsEngines"]["aws"]["roles"]["reader"]},
        (
            "secretsEngines.aws.roles.reader: must differ from Reader by more than case: "
            "Vault stores both policies as one"
        ),
    ),
    (
        {f"{ENGINE}.roles.a/b": ENGINES["secretsEngines"]["aws"]["roles"]["reader"]},
        (
            "secretsEngines.aws.roles.a/b: Vault role 'a/b' must be letters, digits and _, "
            "with - . @ inside"
        ),
    ),
    (
        {f"{ENGINE}.roles.{'r' * 33}": ENGINES["secretsEngines"]["aws"]["roles"]["reader"]},
        (
            f"secretsEngines.aws.roles.{'r' * 33}: Vault role '{'r' * 33}' has 33 characters, "
            "allowed are 32; the names of its users would exceed IAM's 64"
        ),
    ),
    (
        {f"{ENGINE}.namespace": "n" * 46},
        (
            f"secretsEngines.aws: IAM role name 'vault-secret-dev-{'n' * 46}-aws' has 67 "
            "characters, allowed are 64; shorten the name, the namespace or the stack"
        ),
    ),
    (
        {f"{DEPLOY}.roleArns": [f"{TARGET}-{number:0100}" for number in range(90)]},
        (
            "secretsEngines.aws.roles: makes the inline policies 13939 non-blank characters "
            "long; AWS allows 10240"
        ),
    ),
    (
        {
            f"{ENGINE}.account": "mian",
            f"{READER}.managedPolicies": [TARGET],
        },
        (
            f'{ENGINE}.account: "mian" is no account of this stack; known are main, other\n'
            f'{READER}.managedPolicies[0]: "{TARGET}" must be the ARN of a policy: '
            "arn:aws:iam::<account>:policy/..."
        ),
    ),
    (
        {"humanLogins": Unstructured("people")},
        "humanLogins: must be an object; write it as YAML in the stack's file",
    ),
    ({"secretsEngines": "x"}, "secretsEngines: must be an object"),
    ({ENGINE: None}, "secretsEngines.aws: must be an object"),
    ({f"{ENGINE}.roles": []}, "secretsEngines.aws.roles: must be an object"),
    ({READER: "x"}, "secretsEngines.aws.roles.reader: must be an object"),
    (
        {"secretsEngine": {}},
        (
            "secretsEngine: is unknown; did you mean secretsEngines? known are "
            f"{', '.join(SECTIONS)}"
        ),
    ),
]

OF_A_STACK = "stack 'Dev' must be lower-case letters and digits, with - _ . inside"
OF_THE_STACK: list[Case] = [
    (
        {"secretsEngines.spare": LEFT_OUT},
        f"{ENGINE}: {OF_A_STACK}",
    ),
    (
        {
            "secretsEngines.spare": LEFT_OUT,
            "targetRoles.deploy": {
                "account": "main",
                "policy": "sound.json",
                "trustedBy": ["aws"],
            },
        },
        f"targetRoles.deploy: {OF_A_STACK}\n{ENGINE}: {OF_A_STACK}",
    ),
]
"""Refused because the stack is called Dev."""
