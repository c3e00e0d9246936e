"""What the sections vault and accounts refuse."""

from tests.unit.declared import LEFT_OUT, POLICY
from tests.unit.refusals.fields import Case, Fields, of

VAULT = "vault"
MAIN = "accounts.main"
ENGINE = "secretsEngines.aws"
NO_PORT = (
    "must have no port, for AWS takes no issuer with one; if AWS reaches Vault under an address "
    "without port, set issuerAddress"
)
HCP = "https://main-public-vault-1a2b3c4d.5e6f7a8b.z1.hashicorp.cloud:8200"
NOT_HCP = (
    "must not be HCP Vault Dedicated, in which HashiCorp supports no workload identity federation "
    "of secrets engines and auth methods: docs/hcp-vault.md says what to do"
)
VAULT_KEYS = (
    "issuerAddress, address, issuer, thumbprints, namespaces, caSha256, protect, "
    "keyRotationSeconds, "
    "keyVerificationSeconds"
)

_VAULT: Fields = [
    ("address", LEFT_OUT, ": is missing"),
    ("address", "http://v.example.com", ': "http://v.example.com" must begin with https://'),
    ("address", "v.example.com", ': "v.example.com" must begin with https://'),
    ("address", "https://v.example.com/", ': "https://v.example.com/" must not end with a slash'),
    (
        "address",
        "https://v.example.com/ui",
        ': "https://v.example.com/ui" must have no path, query or fragment',
    ),
    (
        "address",
        "https://v.example.com?x",
        ': "https://v.example.com?x" must have no path, query or fragment',
    ),
    ("address", "https://v.example.com:8200", f': "https://v.example.com:8200" {NO_PORT}'),
    (
        "address",
        "https://v.example.com:one",
        ': "https://v.example.com:one" must have a number for its port',
    ),
    ("address", HCP, f': "{HCP}" {NOT_HCP}'),
    ("issuerAddress", HCP.removesuffix(":8200"), f': "{HCP.removesuffix(":8200")}" {NOT_HCP}'),
    ("address", "https://V.com", ': "https://V.com" must have a host name in lower case'),
    (
        "address",
        "https://bob:pw@v.example.com",
        ': "https://(secret)@v.example.com" must carry no user or password',
    ),
    (
        "issuerAddress",
        "https://v.example.com:443",
        (': "https://v.example.com:443" must have no port, for AWS takes no issuer with one'),
    ),
    ("issuer", "mine", ": \"mine\" must be 'managed' or 'existing'"),
    ("protect", "yes", ': "yes" must be true or false'),
    ("protct", True, f": is unknown; did you mean protect? known are {VAULT_KEYS}"),
    ("token", "hvs.x", ": is refused: Vault's token is read from VAULT_TOKEN and stored nowhere"),
    (
        "thumbprints",
        ["0" * 40],
        f'[0]: "{"0" * 40}" must be the thumbprint of a certificate, not zeros',
    ),
    (
        "thumbprints",
        ["b" * 40, "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
        (
            '[1]: "da39a3ee5e6b4b0d3255bfef95601890afd80709" must be the thumbprint of a '
            "certificate; this is the SHA-1 of nothing"
        ),
    ),
    (
        "thumbprints",
        ["AA"],
        '[0]: "AA" must be 40 lower-case hexadecimal digits, without colons',
    ),
    ("thumbprints", [f"{digit}" * 40 for digit in range(1, 7)], ": must hold at most 5"),
    ("thumbprints", ["a" * 40] * 2, ": must not hold an entry twice"),
    ("thumbprints", "a" * 40, f': "{"a" * 40}" must be a list'),
    ("caSha256", "a", ': "a" must be 64 lower-case hexadecimal digits, without colons'),
    ("keyRotationSeconds", 59, ": 59 must be at least 60"),
    ("keyRotationSeconds", "day", ': "day" must be a whole number, without quotes'),
    ("keyRotationSeconds", 60.5, ": 60.5 must be a whole number, without quotes"),
]

_ACCOUNT: Fields = [
    ("id", 123456789012, ": 123456789012 must be text, in quotes"),
    (
        "id",
        1402433619,
        (
            ": 1402433619 must be text, in quotes: without them YAML changes what begins with 0; "
            'write "012345670123" (YAML reads that as octal) or "001402433619" (YAML drops the 0)'
        ),
    ),
    (
        "id",
        83,
        (
            ": 83 must be text, in quotes: without them YAML changes what begins with 0; write "
            '"000000000123" (YAML reads that as octal) or "000000000083" (YAML drops the 0)'
        ),
    ),
    (
        "id",
        12345678901,
        (
            ": 12345678901 must be text, in quotes: without them YAML changes what begins with 0; "
            'write "012345678901" (YAML drops the 0)'
        ),
    ),
    ("id", True, ": true must be text, in quotes"),
    ("id", 1.5, ": 1.5 must be text, in quotes"),
    (
        "id",
        "12345678901",
        (
            ': "12345678901" must be 12 digits; if it lost the zeros that it begins with, write '
            '"012345678901"'
        ),
    ),
    (
        "id",
        "1234-5678-9012",
        ': "1234-5678-9012" must be 12 digits, without hyphens: "123456789012"',
    ),
    ("id", "1234567890123", ': "1234567890123" must be 12 digits'),
    (
        "profile",
        83,
        (
            ": 83 must be text, in quotes; if 0123 was written: YAML reads what begins with 0 as "
            "octal"
        ),
    ),
    ("profile", 7, ": 7 must be text, in quotes"),
    (
        "region",
        "mars-1",
        ': "mars-1" must be an AWS region such as us-east-1, us-gov-west-1 or cn-north-1',
    ),
    (
        "region",
        "us-eest-1",
        (
            ': "us-eest-1" is no region that the pinned botocore knows; did you mean us-east-1 or '
            "us-west-1? If AWS has it since, set newRegion beside it to true"
        ),
    ),
    ("newRegion", "yes", ': "yes" must be true or false'),
    ("profile", "", ': "" must not be empty'),
    (
        "accessKey",
        "AKIA",
        ": is refused: no key is stored; profile, deployRoleArn or the environment say who deploys",
    ),
    (
        "externalId",
        "partner",
        ": (secret) must be left out without deployRoleArn, whose trust asks for it",
    ),
    (
        "deployRoleArn",
        "arn:aws:iam::210987654321:role/x",
        ': "arn:aws:iam::210987654321:role/x" must be in account 123456789012',
    ),
    (
        "deployRoleArn",
        POLICY,
        f': "{POLICY}" must be the ARN of a role: arn:aws:iam::<account>:role/...',
    ),
    (
        "boundary",
        "arn:aws-cn:iam::aws:policy/X",
        ': "arn:aws-cn:iam::aws:policy/X" must be in the partition aws of the account\'s region',
    ),
]

CASES: list[Case] = [
    *of(VAULT, _VAULT),
    *of(MAIN, _ACCOUNT),
    (
        {"accounts.other.id": "123456789012"},
        'accounts.other.id: "123456789012" is already the id of the account main',
    ),
    (
        {"accounts.other.region": "us-gov-west-1"},
        (
            'accounts.other.region: "us-gov-west-1" must be in the partition aws of the '
            "account main: Vault exchanges every token at the STS of one partition, that of "
            "AWS_REGION in its own environment; serve another partition from another Vault"
        ),
    ),
    (
        {f"{VAULT}.thumbprints": ["a" * 40], f"{VAULT}.caSha256": "a" * 64},
        (
            f'vault.caSha256: "{"a" * 64}" must be left out with thumbprints: then no chain '
            "is fetched"
        ),
    ),
    (
        {f"{VAULT}.keyRotationSeconds": 3_600},
        ("vault.keyVerificationSeconds: 86400 must be at most 36000, ten times keyRotationSeconds"),
    ),
    (
        {f"{VAULT}.namespaces": {"team": "managed"}, f"{ENGINE}.namespace": "team/sub"},
        (
            "vault.namespaces.team/sub: must be managed, as team is: what is in a namespace "
            "that this stack makes cannot be there before"
        ),
    ),
    (
        {f"{VAULT}.namespaces": {"team": "managed", "team/a/b": "existing"}},
        (
            'vault.namespaces.team/a/b: "existing" must be managed, as team is: what is in a '
            "namespace that this stack makes cannot be there before"
        ),
    ),
    (
        {f"{VAULT}.namespaces": {"team/": "existing"}},
        (
            "vault.namespaces: must be listed by path; look at 'team/', which must be letters, "
            "digits and _, with - inside, between single slashes, none outside"
        ),
    ),
    (
        {f"{VAULT}.namespaces": {"": "existing"}},
        "vault.namespaces: must not list the root namespace, which is always there",
    ),
    (
        {f"{VAULT}.namespaces": {"team": "mine"}},
        "vault.namespaces.team: \"mine\" must be 'managed' or 'existing'",
    ),
    (
        {"accounts.Prod": {"id": "111111111111", "region": "us-east-1"}},
        "accounts.Prod: name 'Prod' must be lower-case letters and digits, with - inside",
    ),
    (
        {f"{VAULT}.address": "https://" + ".".join(["v" * 60] * 4)},
        ("vault.address: makes the issuer 276 characters long; AWS allows 255"),
    ),
    ({"accounts": [], "secretsEngines": LEFT_OUT}, "accounts: must be an object"),
    (
        {f"{VAULT}.address": "https://" + ".".join(["v" * 60] * 10)},
        (
            "vault.address: makes the issuer 642 characters long; AWS allows 255\n"
            "secretsEngines.aws.audience: makes the trust policy 2204 non-blank characters "
            "long; AWS allows 2048\n"
            "secretsEngines.spare.audience: makes the trust policy 2202 non-blank characters "
            "long; AWS allows 2048"
        ),
    ),
    (
        {
            "accounts.other": {
                "id": "123456789012",
                "region": "mars-1",
                "boundary": "arn:aws:iam::210987654321:policy/x",
            }
        },
        (
            'accounts.other.region: "mars-1" must be an AWS region such as us-east-1, '
            "us-gov-west-1 or cn-north-1\n"
            'accounts.other.boundary: "arn:aws:iam::210987654321:policy/x" must be in account '
            "123456789012 or aws\n"
            'accounts.other.id: "123456789012" is already the id of the account main'
        ),
    ),
    (
        {f"{VAULT}.keyRotationSeconds": 1, f"{VAULT}.keyVerificationSeconds": 600},
        (
            "vault.keyRotationSeconds: 1 must be at least 60\n"
            "secretsEngines.aws.tokenTtlSeconds: 3600 must be at most 600, "
            "vault.keyVerificationSeconds: AWS could not verify a token that outlives its key\n"
            "secretsEngines.spare.tokenTtlSeconds: 3600 must be at most 600, "
            "vault.keyVerificationSeconds: AWS could not verify a token that outlives its key"
        ),
    ),
    ({"vault": []}, "vault: must be an object"),
    ({"vault": LEFT_OUT}, "vault: is missing"),
]
