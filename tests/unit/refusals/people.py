"""What target roles and logins for people refuse."""

from tests.unit.declared import LEFT_OUT, PEOPLE
from tests.unit.refusals.fields import Case

TARGET = "targetRoles.deploy"
LOGIN = "humanLogins.people"
GROUP = f"{LOGIN}.groups.engineering"
ROLE = "secretsEngines.aws.roles.deploy"
SET_IT = "pulumi config set --secret --path 'vault-aws-federation:humanLoginSecrets.<login>'"
_MANY = {f"engine-{n}": {"account": "main", "audience": f"audience-{n}"} for n in range(12)}
GOOGLE_GROUPS = {"engineering@example.com": {"awsRoles": ["aws/deploy"]}}
ENTRA_GROUPS = {"6f1b2a3c-0000-4000-8000-000000000001": {"awsRoles": ["aws/deploy"]}}

CASES: list[Case] = [
    (
        {f"{TARGET}.account": "nobody"},
        f'{TARGET}.account: "nobody" is no account of this stack; known are main, other',
    ),
    (
        {f"{TARGET}.policy": LEFT_OUT},
        f"{TARGET}.managedPolicies: must hold at least one, unless there is a policy",
    ),
    (
        {f"{TARGET}.policy": "none.json"},
        (
            f'{TARGET}.policy: "none.json" must be a file inside the project\'s folder; '
            "there is none"
        ),
    ),
    (
        {f"{TARGET}.managedPolicies": ["arn:aws:iam::123456789012:policy/x"]},
        (
            f'{TARGET}.managedPolicies[0]: "arn:aws:iam::123456789012:policy/x" must be in '
            "account 210987654321 or aws"
        ),
    ),
    (
        {f"{TARGET}.trustedBy": []},
        f"{TARGET}.trustedBy: must hold at least one; else nobody may assume the role",
    ),
    ({f"{TARGET}.trustedBy": LEFT_OUT}, f"{TARGET}.trustedBy: is missing"),
    (
        {f"{TARGET}.trustedBy": ["aws", "asw"]},
        f'{TARGET}.trustedBy: "asw" is no secrets engine of this stack; known are aws, spare',
    ),
    (
        {f"{TARGET}.trustedBy": ["spare"]},
        (
            f'{ROLE}.targetRoles: "deploy" does not trust this engine; '
            "add aws to targetRoles.deploy.trustedBy"
        ),
    ),
    (
        {f"{TARGET}.externalId": "another"},
        f"{ROLE}.externalId: must be that of targetRoles.deploy",
    ),
    (
        {f"{TARGET}.externalId": "a b"},
        (f"{TARGET}.externalId: (secret) must be 2 to 1224 letters, digits and + = , . @ : / _ -"),
    ),
    (
        {f"{TARGET}.sessionTags": {"Team": "b"}},
        f"{ROLE}.sessionTags: must be those of targetRoles.deploy",
    ),
    (
        {f"{ROLE}.targetRoles": ["deplyo"]},
        f'{ROLE}.targetRoles[0]: "deplyo" is no target role of this stack; known are deploy',
    ),
    (
        {f"{ROLE}.targetRoles": [], f"{ROLE}.roleArns": []},
        f"{ROLE}.targetRoles: must hold at least one, unless roleArns does",
    ),
    (
        {f"{ROLE}.defaultTtlSeconds": 899},
        f"{ROLE}.defaultTtlSeconds: 899 must be at least 900",
    ),
    ({TARGET: "x"}, f"{TARGET}: must be an object"),
    (
        {f"{TARGET}.roleArn": "x"},
        (
            f"{TARGET}.roleArn: is unknown; known are account, policy, "
            "managedPolicies, trustedBy, externalId, sessionTags"
        ),
    ),
    (
        {f"{LOGIN}.clientSecret": "hidden"},
        (
            f"{LOGIN}.clientSecret: is refused: it would stand in the clear; "
            "it belongs into the secret humanLoginSecrets"
        ),
    ),
    (
        {f"{LOGIN}.discoveryUrl": "http://people.example.com"},
        (
            f'{LOGIN}.discoveryUrl: "http://people.example.com" must be '
            "https://host[:port][/path], without user, query and fragment"
        ),
    ),
    (
        {f"{LOGIN}.discoveryUrl": "https://p.example.com/.well-known/openid-configuration"},
        (
            f'{LOGIN}.discoveryUrl: "https://p.example.com/.well-known/openid-configuration" '
            "must be the issuer itself, without /.well-known/openid-configuration"
        ),
    ),
    (
        {f"{LOGIN}.clientId": "a b"},
        f'{LOGIN}.clientId: "a b" must be 1 to 255 visible ASCII characters',
    ),
    (
        {f"{LOGIN}.groupsClaim": "a,b"},
        f'{LOGIN}.groupsClaim: "a,b" must be the name of a claim, or a JSON pointer to it',
    ),
    (
        {f"{LOGIN}.scopes": ["a b"]},
        (
            f'{LOGIN}.scopes[0]: "a b" must be an OAuth scope: visible characters except quotes '
            "and \\"
        ),
    ),
    ({f"{LOGIN}.tokenTtlSeconds": 59}, f"{LOGIN}.tokenTtlSeconds: 59 must be at least 60"),
    (
        {f"{LOGIN}.tokenMaxTtlSeconds": 43_201},
        f"{LOGIN}.tokenMaxTtlSeconds: 43201 must be at most 43200",
    ),
    (
        {f"{LOGIN}.tokenMaxTtlSeconds": 600},
        f"{LOGIN}.tokenMaxTtlSeconds: 600 must be at least tokenTtlSeconds, 3600",
    ),
    (
        {f"{LOGIN}.provider": "okta"},
        f"{LOGIN}.provider: \"okta\" must be 'entra' or 'google'",
    ),
    (
        {f"{LOGIN}.provider": "entra"},
        (f"{GROUP}: must be the object id of a group, which is all that Microsoft Graph tells"),
    ),
    (
        {f"{LOGIN}.provider": "google", f"{LOGIN}.googleDomain": "example.com"},
        (
            f"{GROUP}: must be the mail address of a group, in lower case, as Google's directory "
            "tells it"
        ),
    ),
    (
        {f"{LOGIN}.provider": "google", f"{LOGIN}.groups": GOOGLE_GROUPS},
        f"{LOGIN}: must have googleDomain, or everybody with a Google account gets in",
    ),
    (
        {
            f"{LOGIN}.provider": "entra",
            f"{LOGIN}.groups": ENTRA_GROUPS,
            f"{LOGIN}.groupsClaim": "roles",
        },
        f"{LOGIN}: must leave groupsClaim out with a provider, which knows no other",
    ),
    (
        {f"{LOGIN}.googleDomain": "example.com"},
        f'{LOGIN}.googleDomain: "example.com" must be left out unless provider is google',
    ),
    (
        {
            f"{LOGIN}.provider": "google",
            f"{LOGIN}.groups": GOOGLE_GROUPS,
            f"{LOGIN}.googleDomain": "https://example.com",
        },
        f'{LOGIN}.googleDomain: "https://example.com" must be a domain in lower case',
    ),
    (
        {
            f"{LOGIN}.provider": "google",
            f"{LOGIN}.groups": GOOGLE_GROUPS,
            f"{LOGIN}.googleDomain": "example.com",
            f"{LOGIN}.googleServiceAccount": "vault@project.iam.gserviceaccount.com",
        },
        (
            f'{LOGIN}.googleServiceAccount: "vault@project.iam.gserviceaccount.com" must be there '
            "together with googleAdmin, or both must be left out"
        ),
    ),
    (
        {
            f"{LOGIN}.provider": "google",
            f"{LOGIN}.groups": GOOGLE_GROUPS,
            f"{LOGIN}.googleDomain": "example.com",
            f"{LOGIN}.googleAdmin": "admin",
        },
        f'{LOGIN}.googleAdmin: "admin" must be a mail address in lower case',
    ),
    (
        {f"{LOGIN}.path": "token/x"},
        f'{LOGIN}.path: "token/x" must not begin with token, where Vault\'s own tokens are',
    ),
    (
        {f"{LOGIN}.groups": {}},
        f"{LOGIN}.groups: must hold at least one; else nobody may log in",
    ),
    (
        {f"{LOGIN}.groups.a ": {"awsRoles": ["aws/deploy"]}},
        (
            f"{LOGIN}.groups.a : group 'a ' must be what the groups claim says, "
            "without outer blanks and control characters"
        ),
    ),
    (
        {f"{LOGIN}.groups.Engineering": {"awsRoles": ["aws/deploy"]}},
        (
            f"{LOGIN}.groups.engineering: must differ from Engineering by more than case: "
            "Vault does not tell names by case"
        ),
    ),
    (
        {f"{GROUP}.awsRoles": []},
        f"{GROUP}.awsRoles: must hold at least one; who may read nothing need not log in",
    ),
    (
        {f"{GROUP}.awsRoles": ["deploy"]},
        f'{GROUP}.awsRoles[0]: "deploy" must be <secrets engine>/<Vault role>, both by name',
    ),
    (
        {f"{GROUP}.awsRoles": ["asw/deploy"]},
        (
            f'{GROUP}.awsRoles: "asw/deploy" is of no secrets engine of this stack; '
            "known are aws, spare"
        ),
    ),
    (
        {f"{GROUP}.awsRoles": ["aws/admin"]},
        (
            f'{GROUP}.awsRoles: "aws/admin" is no role of the engine aws; '
            "its roles are deploy, reader"
        ),
    ),
    (
        {f"{LOGIN}.namespace": "team", f"{GROUP}.awsRoles": ["aws/deploy"]},
        (
            f'{GROUP}.awsRoles: "aws/deploy" is in the namespace root, the login in team; '
            "Vault's policies stay in theirs, so put a login there"
        ),
    ),
    (
        {
            "humanLogins.guests": {**PEOPLE["humanLogins"]["people"], "path": "people/guests"},
            "humanLoginSecrets.guests": "hidden",
        },
        (
            'humanLogins.guests.path: "people/guests" is the path of people, or within it, or '
            "around it, in the same namespace"
        ),
    ),
    (
        {
            "authMethods.iam": {
                "account": "main",
                "audience": "vault-aws-auth",
                "path": "people",
                "serverId": "vault.example.com",
            }
        },
        (
            'humanLogins.people.path: "people" is the path of authMethods.iam, or within it, '
            "or around it, in the same namespace"
        ),
    ),
    (
        {"humanLoginSecrets": LEFT_OUT},
        f"humanLoginSecrets.people: is missing; type {SET_IT}",
    ),
    (
        {"humanLoginSecrets.guests": "hidden"},
        "humanLoginSecrets.guests: is for no login of humanLogins",
    ),
    (
        {"humanLoginSecrets.people": ""},
        "humanLoginSecrets.people: must be text, and not empty",
    ),
    ({LOGIN: "x"}, f"{LOGIN}: must be an object"),
    ({"humanLogins": "x", "humanLoginSecrets": {}}, "humanLogins: must be an object"),
    (
        {f"targetRoles.{'d' * 60}": PEOPLE["targetRoles"]["deploy"]},
        (
            f"targetRoles.{'d' * 60}: IAM role name 'vault-target-dev-{'d' * 60}' has 77 "
            "characters, allowed are 64; shorten the name or the stack"
        ),
    ),
    (
        {
            f"{TARGET}.trustedBy": ["aws", *_MANY],
            **{f"secretsEngines.{name}": engine for name, engine in _MANY.items()},
        },
        (
            f"{TARGET}.trustedBy: makes the trust policy 6829 non-blank characters long; AWS "
            "allows 2048"
        ),
    ),
]

IN_THE_CLEAR: list[Case] = [
    (
        {},
        (
            "humanLoginSecrets: must be secret, but stands in the clear: take it out, give the "
            f"client a new secret at the identity provider, and type {SET_IT}"
        ),
    ),
]
"""Refused because the section with the client secrets is not encrypted."""
