"""Why AWS does not exchange a token of Vault for a session (``AssumeRoleWithWebIdentity``).

AWS does not publish in which order it looks at a token, so one refusal says nothing of the checks
that another message stands for.
"""

from federation.knowledge.rule import AWS, VAULT, Rule, Step
from federation.knowledge.steps import (
    COMPARE_CLOCKS,
    EVENT,
    SEE_EVENT,
    SEE_PROVIDER,
    SEE_STACK,
    SIGN_IN_ANEW,
    UPDATE,
)

INVALID = "InvalidIdentityToken"
DENIED = "AccessDenied"
NO_PROVIDERS = "NoCredentialProviders"

_STS = f'STS API Reference, "{EVENT}", Errors'
_ISSUER = r"(?P<issuer>https://[\w./:-]+)"


def reason_is_in(account: str) -> str:
    """Say where AWS's reason stands when Vault does not tell it.

    Args:
        account: Id of the role's account.
    """
    return (
        "Vault's log has AWS's reason (`error assuming role with web identity`), and so has "
        f"CloudTrail of account {account} ({EVENT})"
    )


NO_SESSION = Rule(
    says=VAULT,
    words=rf"{NO_PROVIDERS}|no valid providers in chain",
    meaning=(
        f"{NO_PROVIDERS} is all that Vault tells when AWS does not exchange its token for a session"
    ),
    causes=(
        f"AWS's own reason is in CloudTrail of that account, event {EVENT}",
        "No such event: Vault does not reach AWS STS",
        (
            f"{INVALID}: AWS does not reach the issuer, or its certificate, signing key or "
            "audience is another one"
        ),
        (
            f"{DENIED}: the trust policy or the IAM role is, or a resource control policy of the "
            "organisation forbids it"
        ),
    ),
    remedy=(SEE_STACK, SEE_EVENT, UPDATE, SIGN_IN_ANEW),
    source='docs/rotation.md, "Where AWS\'s reason can be read"',
)
NO_PROVIDER = Rule(
    says=AWS,
    codes=(INVALID,),
    words=rf"No OpenIDConnect provider found in your account for {_ISSUER}",
    meaning="the role's account has no identity provider of exactly this issuer",
    causes=(
        (
            "the issuer of Vault was changed (`vault.issuerAddress`, or somebody wrote "
            "identity/oidc/config), and AWS still knows the old one"
        ),
        "the role is in another account than the identity provider",
        "somebody deleted the identity provider",
    ),
    remedy=(
        Step(
            do="look for a provider of {issuer}; host, path and letter case count, and no slash "
            "may stand at the end",
            command="aws iam list-open-id-connect-providers",
        ),
        UPDATE,
    ),
    source="AWS re:Post knowledge center, iam-oidc-idp-federation",
)
NO_KEY = Rule(
    says=AWS,
    codes=(INVALID,),
    words="Couldn't retrieve verification key from your identity provider",
    meaning="AWS did not get the keys that verify the token from the issuer",
    causes=(
        (
            "AWS does not reach the issuer's two documents from the internet within five "
            "seconds: a firewall, an allow list, a rate limit, or no public name"
        ),
        "the discovery document names another issuer or no jwks_uri",
        (
            "the keys document lacks the key that signed (`kid`); with more than about a hundred "
            "keys AWS does not find the newest"
        ),
        "it passes by itself: others see it now and then, and a second try works",
    ),
    remedy=(
        Step(
            do="read both documents from outside your network",
            command="curl -sS {issuer}/.well-known/openid-configuration",
        ),
        Step(do="the keys", command="curl -sS {issuer}/.well-known/keys"),
        Step(do="let AWS in: docs/private-vault.md says which two paths, and how"),
    ),
    source="AWS re:Post knowledge center, iam-sts-invalididentitytoken; aws/aws-cli issue 7194; "
    "spiffe/spire issue 4699",
)
UNREACHED = Rule(
    says=AWS,
    codes=("IDPCommunicationError",),
    meaning="AWS could not reach the issuer; most often this passes by itself",
    causes=(
        "the network between AWS and the issuer failed for a moment",
        "the issuer is down, or something in front of it turns AWS away",
    ),
    remedy=(
        Step(do="repeat a few times, with pauses"),
        Step(
            do="if it stays, read the discovery document from outside your network",
            command="curl -sS {issuer}/.well-known/openid-configuration",
        ),
    ),
    source=_STS,
)
THUMBPRINT = Rule(
    says=AWS,
    codes=(INVALID,),
    words="certificate doesn't match configured thumbprint",
    meaning="the certificate chain of the issuer's host ends in another certificate than the "
    "identity provider lists",
    causes=(
        "the host was given a certificate of another authority or intermediate",
        "the thumbprint was taken of the host's own certificate and not of the last one it sends",
        "a proxy that intercepts TLS stood in between when the thumbprint was taken",
        "several machines behind a load balancer present different chains",
    ),
    remedy=(SEE_STACK, UPDATE),
    source='IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity provider"; '
    "hashicorp/terraform-provider-aws issue 10104",
)
AUDIENCE = Rule(
    says=AWS,
    codes=(INVALID,),
    words="Incorrect token audience",
    meaning="the token's audience (`aud`) is not registered at the identity provider",
    causes=(
        "the mount holds another audience than the stack registered",
        "somebody took the audience from the identity provider",
        "the stack that owns the identity provider was updated without this audience",
    ),
    remedy=(
        SEE_PROVIDER,
        Step(
            do="read which audience the mount asks for",
            command="vault read -field=identity_token_audience {mount}/config/root",
        ),
        UPDATE,
    ),
    source="aws-actions/configure-aws-credentials issue 775",
)
SIGNATURE = Rule(
    says=AWS,
    codes=(INVALID,),
    words="could not be validated (?:by Amazon Web Services|by AWS|with the identity provider's)",
    meaning="no key of the issuer verifies the token's signature",
    causes=(
        (
            "the token was signed by another Vault than the one that publishes the keys: two "
            "clusters share the issuer's address"
        ),
        "something in between serves an old keys document",
        "the token was changed on its way",
    ),
    remedy=(
        Step(do="see which key signed (`kid`)", command="vaultaws explain - < TOKEN_FILE"),
        Step(do="compare with the published keys", command="curl -sS {issuer}/.well-known/keys"),
    ),
    source=_STS,
)
MALFORMED = Rule(
    says=AWS,
    codes=(INVALID,),
    words=r"not a valid JWT|Missing a required claim: (?P<claim>\w+)|claims? [\w ]+ must be",
    meaning="what was sent is no token, or lacks a claim that AWS needs (iss, sub, aud, exp, iat)",
    causes=(
        "the file or variable holds something else, or the token with quotes around it",
        "the token is no identity token: a Vault token (`hvs.…`) is none",
    ),
    remedy=(Step(do="see what it holds", command="vaultaws explain - < TOKEN_FILE"),),
    source=_STS,
)
FUTURE = Rule(
    says=AWS,
    codes=(INVALID,),
    words=r"claim (?:iat|nbf) \d+ lies after|token.{0,40}(?:not yet valid|used before issued)",
    meaning="the token begins in AWS's future",
    causes=("the clock of Vault's machine is ahead of AWS's",),
    remedy=(
        COMPARE_CLOCKS,
        Step(do="let the time service of Vault's machine run"),
    ),
    source=f'{_STS}; docs/rotation.md, "Time"',
)
INVALID_TOKEN = Rule(
    says=AWS,
    codes=(INVALID,),
    meaning="AWS does not accept the token, for a reason that this text does not tell",
    causes=("issuer, keys, certificate, audience or time: the message beside the code says which",),
    remedy=(SEE_STACK, SEE_EVENT),
    source=_STS,
)
EXPIRED = Rule(
    says=AWS,
    codes=("ExpiredTokenException",),
    meaning="the token had expired when AWS saw it",
    causes=(
        "the clock of Vault's machine is behind AWS's by more than a token lives",
        "the token was kept longer than the mount's `tokenTtlSeconds`",
    ),
    remedy=(
        COMPARE_CLOCKS,
        Step(do="see when a token ends", command="vaultaws explain - < TOKEN_FILE"),
    ),
    source=_STS,
)
REJECTED_CLAIM = Rule(
    says=AWS,
    codes=("IDPRejectedClaim",),
    meaning="the issuer itself said no, or the token was revoked",
    causes=(
        "something in front of Vault answers in place of the issuer's documents",
        "the token is expired or revoked",
    ),
    remedy=(
        Step(do="get a new token: let Vault sign in anew", command=SIGN_IN_ANEW.command),
        SEE_EVENT,
    ),
    source=_STS,
)
UNTRUSTED = Rule(
    says=AWS,
    codes=(DENIED,),
    words=rf"Not authorized to perform sts:{EVENT}",
    meaning="the role is not there, or its trust policy does not admit this token; AWS does not "
    "say which of the two",
    causes=(
        "the mount was made anew: another accessor, so another subject (`sub`)",
        "the audience is registered, but the trust policy names another",
        (
            "a condition key has a scheme (`https://…:aud`) or lacks the issuer's path: such a key "
            "is never there, and the condition never holds"
        ),
        "the role's name or account is another one",
        "a resource control policy of the organisation forbids it",
    ),
    remedy=(
        Step(
            do="let the trust policy be judged, clause by clause",
            command=(
                "aws iam get-role --role-name {role} --query Role.AssumeRolePolicyDocument | "
                "vaultaws explain - --stack {stack} --mount {mount}"
            ),
        ),
        SEE_STACK,
        UPDATE,
    ),
    source='aws-actions/configure-aws-credentials issue 318; IAM User Guide, "Create a role for '
    'OpenID Connect federation (console)"',
)

RULES = (
    *(NO_SESSION, NO_PROVIDER, NO_KEY, UNREACHED, THUMBPRINT, AUDIENCE, SIGNATURE, MALFORMED),
    *(FUTURE, INVALID_TOKEN, EXPIRED, REJECTED_CLAIM, UNTRUSTED),
)
"""What becomes of a token, in the order that a session needs it."""
