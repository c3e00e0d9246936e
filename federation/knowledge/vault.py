"""What Vault itself refuses, before or after it asks AWS."""

from federation import releases
from federation.identity import MountClass
from federation.knowledge.access import NOT_ASSUMABLE
from federation.knowledge.rule import VAULT, Rule, Step
from federation.knowledge.steps import UPDATE

_ROOT = 'Vault, AWS secrets engine API, "Configure root credentials"'
_CLIENT = 'Vault, AWS auth method API, "Configure client"'
_ENGINE = 'Vault, AWS secrets engine API, "Generate credentials"'
_LOGIN = 'Vault, AWS auth method API, "Login"'
_WRITE_AUDIENCE = Step(
    do="write audience and role together, and no key",
    command="vault write {mount}/config/root identity_token_audience=AUDIENCE role_arn=ROLE_ARN",
)
_NO_ROTATION = Step(
    do="a federated mount has no key that could be rotated: leave all four rotation fields out",
)
_FIRST = {kind: ".".join(map(str, release)) for kind, release in releases.FIRST.items()}
_READ_ROLE = Step(do="read the Vault role", command="vault read {mount}/roles/{vault_role}")
_BY_HAND = "somebody writes the configuration by hand or by another program"

FALLBACKS = Rule(
    says=VAULT,
    words="fallback endpoints and fallback regions must be the same length",
    meaning="each fallback endpoint of STS needs its region",
    causes=(_BY_HAND,),
    remedy=(
        Step(do="give as many sts_fallback_regions as sts_fallback_endpoints, or none of both"),
        Step(do="then let the stack compare", command="pulumi up --stack {stack}"),
    ),
    source=_ROOT,
)
ROTATION_BOTH = Rule(
    says=VAULT,
    words="mutually exclusive fields rotation_schedule and rotation_period",
    meaning="a rotation is by schedule or by period, not by both",
    causes=(_BY_HAND,),
    remedy=(_NO_ROTATION,),
    source=_ROOT,
)
ROTATION_WINDOW = Rule(
    says=VAULT,
    words="rotation_window does not apply to period|"
    "cannot use rotation_window without rotation_schedule",
    meaning="a rotation window belongs to a rotation by schedule",
    causes=(_BY_HAND,),
    remedy=(_NO_ROTATION,),
    source=_ROOT,
)
ROTATION_SCHEDULE = Rule(
    says=VAULT,
    words="failed to parse provided rotation_schedule",
    meaning="the rotation schedule is no cron expression",
    causes=(_BY_HAND,),
    remedy=(_NO_ROTATION,),
    source=_ROOT,
)
ROTATION_EDITION = Rule(
    says=VAULT,
    words="rotation manager capabilities not supported in Vault community edition",
    meaning="Community edition rotates nothing by itself",
    causes=(_BY_HAND, "a Vault that should be Enterprise is not"),
    remedy=(
        _NO_ROTATION,
        Step(do="see which edition answers", command="vault status -format=json"),
    ),
    source=_ROOT,
)
KEYS_AND_AUDIENCE = Rule(
    says=VAULT,
    words="only one of 'access_key' or 'identity_token_audience' can be set",
    meaning="a mount signs in to AWS by keys or by federation, not by both",
    causes=(
        "the mount still holds an access key from before it was federated",
        _BY_HAND,
    ),
    remedy=(
        Step(
            do="take the key away in the same step",
            command="vault write {mount}/config/root access_key= secret_key= "
            "identity_token_audience=AUDIENCE role_arn=ROLE_ARN",
        ),
        Step(do="then delete that key at AWS, once nobody uses it"),
    ),
    source=f"{_ROOT}; {_CLIENT}",
)
NO_ROLE = Rule(
    says=VAULT,
    words="missing required 'role_arn' when 'identity_token_audience' is set|"
    "role_arn must be set when identity_token_audience is set",
    meaning="an audience alone says not which IAM role Vault should be",
    causes=(_BY_HAND,),
    remedy=(_WRITE_AUDIENCE, UPDATE),
    source=f"{_ROOT}; {_CLIENT}",
)
COMMUNITY = Rule(
    says=VAULT,
    words="plugin workload identity not supported in Vault community edition",
    meaning="this Vault signs no tokens for its mounts: it is Community edition",
    causes=(
        "the address leads to a Community server",
        "an Enterprise server was replaced by a Community build",
    ),
    remedy=(
        Step(
            do="see which edition answers: the version must end in `+ent…`",
            command="vault status -format=json",
        ),
        Step(
            do=f"use Vault Enterprise: {_FIRST[MountClass.SECRET]} or later for engines, "
            f"{_FIRST[MountClass.AUTH]} for auth methods"
        ),
    ),
    source='Vault, "Plugin workload identity federation"',
)
UNCONFIGURED = Rule(
    says=VAULT,
    words=r"No value found at (?P<path>[\w./-]+/config/(?:root|client))",
    meaning="the mount is there and was never configured",
    causes=("it was made by hand, or a run ended between making it and configuring it",),
    remedy=(UPDATE, Step(do="or look at what it holds", command="vault read {path}")),
    source=f"{_ROOT}; {_CLIENT}",
)
ROTATE_ROOT = Rule(
    says=VAULT,
    words="can't update (?:access_key|secret_key|client config) because it's unset|"
    "Cannot call config/rotate-root when either access_key or secret_key is empty",
    meaning="there is no key to rotate, as it should be with federation",
    causes=("a job that rotates the keys of mounts still visits this one",),
    remedy=(Step(do="take the mount out of that job"),),
    source='Vault, AWS secrets engine API, "Rotate root IAM credentials"',
)
ISSUER = Rule(
    says=VAULT,
    words="invalid issuer, which must include only a scheme, host",
    meaning="Vault's issuer is scheme, host and port, and nothing after it",
    causes=("a path, a slash at the end or a query in the address",),
    remedy=(
        Step(do="set `vault.issuerAddress` to `https://host`, then `pulumi up`"),
        Step(do="or by hand", command="vault write identity/oidc/config issuer=https://HOST"),
    ),
    source='Vault, Identity tokens API, "Configure the identity tokens backend"',
)
CHILD_ISSUER = Rule(
    says=VAULT,
    words='invalid child issuer "?plugins',
    meaning="this Vault publishes no keys for tokens of mounts: it is Community edition",
    causes=COMMUNITY.causes,
    remedy=COMMUNITY.remedy,
    source=COMMUNITY.source,
)
UNKNOWN_ROLE = Rule(
    says=VAULT,
    words=r'(?:entry for )?role "(?P<vault_role>[\w.-]+)" not found',
    meaning="the mount has no Vault role of this name",
    causes=(
        "a slip of the pen, or another mount or namespace is meant",
        "the stack is being destroyed: roles go first",
    ),
    remedy=(
        Step(do="list those there are", command="vault list {mount}/roles"),
        Step(do="see what the stack has", command="vaultaws summary --stack {stack}"),
    ),
    source=_ENGINE,
)
WHICH_TARGET = Rule(
    says=VAULT,
    words="did not supply a role_arn parameter and unable to determine one",
    meaning="the Vault role has several target roles, or none, and the request names none",
    causes=("`targetRoles` and `roleArns` list more than one",),
    remedy=(
        Step(
            do="name the one that is meant",
            command="vault read {mount}/creds/{vault_role} role_arn=ROLE_ARN",
        ),
        _READ_ROLE,
    ),
    source=_ENGINE,
)
FOREIGN_TARGET = Rule(
    says=VAULT,
    words=r'role_arn "[^"]+" not in allowed role arns for Vault role "(?P<vault_role>[\w.-]+)"',
    meaning="the Vault role does not hand out sessions of that IAM role",
    causes=("the ARN has a slip, or the settings do not list it",),
    remedy=(_READ_ROLE, Step(do="list it under `targetRoles` or `roleArns`, then `pulumi up`")),
    source=_ENGINE,
)
ASSUMING = Rule(
    says=VAULT,
    words="Error assuming role:",
    meaning="Vault has its own session, and AWS gave it none of the target role; AWS's reason "
    "follows in the same message",
    causes=NOT_ASSUMABLE.causes,
    remedy=(_READ_ROLE, UPDATE),
    source=_ENGINE,
)
PRINCIPAL = Rule(
    says=VAULT,
    words=r'IAM Principal "(?P<principal>[\w:/+=,.@*-]+)" does not belong to the role '
    r'"(?P<vault_role>[\w.-]+)"',
    meaning="who logs in is known to AWS, and not bound to this Vault role",
    causes=(
        "the principal was deleted and made anew: Vault bound its unique id, not its name",
        "the login uses other AWS credentials than were meant",
        "`boundPrincipals` does not list it",
    ),
    remedy=(
        Step(do="see who this shell is at AWS", command="aws sts get-caller-identity"),
        Step(
            do="read whom the role admits",
            command="vault read auth/{mount}/role/{vault_role}",
        ),
        Step(
            do="a principal made anew is admitted, once you have decided it, by",
            command="pulumi up --replace URN_OF_THE_VAULT_ROLE --stack {stack}",
        ),
    ),
    source=_LOGIN,
)
SERVER_ID = Rule(
    says=VAULT,
    words=r"error validating X-Vault-AWS-IAM-Server-ID header",
    meaning="the login was not signed for this Vault",
    causes=("the client sends no server id, or that of another Vault",),
    remedy=(
        Step(
            do="read what a login must sign",
            command="pulumi stack output auth_methods --stack {stack}",
        ),
        Step(
            do="log in with it",
            command="vault login -method=aws -path={mount} role={vault_role} header_value=ID",
        ),
    ),
    source=_LOGIN,
)
UNRESOLVED = Rule(
    says=VAULT,
    words=r"unable to resolve ARN \"?(?P<principal>[\w:/+=,.@*-]*)",
    meaning="Vault asked AWS for the unique id of a bound principal, and got none",
    causes=(
        "the principal is not there, or its path is missing in the ARN",
        "Vault has no session at AWS, or may not look it up: AWS's reason follows in the message",
    ),
    remedy=(
        Step(
            do="see whether the principal is there",
            command="aws iam get-role --role-name {role} --query Role.Arn",
        ),
        UPDATE,
    ),
    source='Vault, AWS auth method API, "Create/Update role", resolve_aws_unique_ids',
)
FORBIDDEN = Rule(
    says=VAULT,
    words=r"(?<!The )\bpermission denied\b|\binvalid token\b|\bbad token\b",
    meaning="Vault does not let this token do this",
    causes=(
        "no token, or one that is expired or revoked",
        "its policies do not allow this path",
        "it belongs to another namespace",
    ),
    remedy=(
        Step(do="see who the token is", command="vault token lookup"),
        Step(do="see what it may do there", command="vault token capabilities {path}"),
        Step(do="log in again", command="vaultaws summary --stack {stack}"),
    ),
    source='Vault, "Policies"',
)
NO_MOUNT = Rule(
    says=VAULT,
    words=r"no handler for route \"?(?P<path>[\w./-]+)",
    meaning="nothing is mounted there, in this namespace",
    causes=(
        "the namespace is missing (`VAULT_NAMESPACE`, `-namespace`)",
        "the mount has another path, or is not deployed",
    ),
    remedy=(
        Step(do="list the mounts", command="vault secrets list"),
        Step(do="see what the stack has", command="vaultaws summary --stack {stack}"),
    ),
    source='Vault, "Vault Enterprise namespaces"',
)
SEALED = Rule(
    says=VAULT,
    words="Vault is sealed",
    meaning="Vault is up and sealed: it can answer nothing",
    causes=("it was restarted, and nobody or nothing unsealed it",),
    remedy=(Step(do="unseal it", command="vault operator unseal"),),
    source='Vault, "Seal/Unseal"',
)

RULES = (
    *(FALLBACKS, ROTATION_BOTH, ROTATION_WINDOW, ROTATION_SCHEDULE, ROTATION_EDITION),
    *(KEYS_AND_AUDIENCE, NO_ROLE, COMMUNITY, UNCONFIGURED, ROTATE_ROOT, ISSUER, CHILD_ISSUER),
    *(UNKNOWN_ROLE, WHICH_TARGET, FOREIGN_TARGET, ASSUMING, PRINCIPAL, SERVER_ID, UNRESOLVED),
    *(FORBIDDEN, NO_MOUNT, SEALED),
)
"""What a configuration, a request for credentials or a login is refused with."""
