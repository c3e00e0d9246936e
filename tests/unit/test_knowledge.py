"""The table of refusals: every rule by the words that AWS and Vault are documented to use."""

from __future__ import annotations

import json

import pytest

from federation import knowledge
from federation.knowledge import Rule, access, exchange, limits, vault
from operations.leases.errors import ADVICE, EngineNotSignedInError

SESSION = "arn:aws:sts::123456789012:assumed-role/vault-secret-dev-root-aws/vault-aws-secrets-1"
CREATE_USER = (
    f"User: {SESSION} is not authorized to perform: iam:CreateUser on resource: "
    "arn:aws:iam::123456789012:user/elsewhere/vault-x"
)


def _cli(code: str, message: str, operation: str = "AssumeRoleWithWebIdentity") -> str:
    """Return an error as AWS's CLI and boto3 print it."""
    return f"An error occurred ({code}) when calling the {operation} operation: {message}"


MESSAGES: list[tuple[Rule, str]] = [
    (exchange.NO_SESSION, "NoCredentialProviders: no valid providers in chain. Deprecated."),
    (
        exchange.NO_PROVIDER,
        _cli(
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for "
            "https://vault.example.com/v1/identity/oidc/plugins",
        ),
    ),
    (
        exchange.NO_KEY,
        # With two blanks, as AWS writes it (aws/aws-cli, issue 7194).
        _cli(
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider,  please reference "
            "AssumeRoleWithWebIdentity documentation for requirements",
        ),
    ),
    (exchange.UNREACHED, _cli("IDPCommunicationError", "The identity provider did not answer")),
    (
        exchange.THUMBPRINT,
        (
            "InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match "
            "configured thumbprint\n\tstatus code: 400, request id: 0"
        ),
    ),
    (
        exchange.SIGNATURE,
        _cli(
            "InvalidIdentityToken",
            "The web identity token that was passed could not be validated by Amazon Web Services.",
        ),
    ),
    (exchange.MALFORMED, _cli("InvalidIdentityToken", "Missing a required claim: sub")),
    (
        exchange.FUTURE,
        _cli("InvalidIdentityToken", "The claim nbf 1895893963 lies after the current time"),
    ),
    (exchange.INVALID_TOKEN, _cli("InvalidIdentityToken", "Something that nobody has met yet")),
    (exchange.AUDIENCE, _cli("InvalidIdentityToken", "Incorrect token audience")),
    (
        exchange.EXPIRED,
        _cli("ExpiredTokenException", "Token expired: current date/time 2 must be before 1"),
    ),
    (exchange.REJECTED_CLAIM, _cli("IDPRejectedClaim", "The token was revoked")),
    (
        exchange.UNTRUSTED,
        _cli("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
    ),
    (limits.POLICY, _cli("MalformedPolicyDocument", "Syntax errors in policy.")),
    (limits.PACKED, _cli("PackedPolicyTooLarge", "Packed size of policies consumes 110%")),
    (limits.REGION, _cli("RegionDisabledException", "STS is not activated in this region")),
    (
        limits.PARAMETER,
        _cli("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration"),
    ),
    (
        limits.ROLE_KEPT,
        _cli("DeleteConflict", "Cannot delete entity, must delete policies first.", "DeleteRole"),
    ),
    (
        limits.USER_KEPT,
        _cli("DeleteConflict", "Cannot delete entity, must remove login profile.", "DeleteUser"),
    ),
    (limits.ISSUER_UNREAD, _cli("OpenIdIdpCommunicationError", "The identity provider is away")),
    (limits.EXISTS, _cli("EntityAlreadyExists", "Role with name x already exists.", "CreateRole")),
    (limits.LIMIT, _cli("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", "X")),
    (
        access.NOT_GRANTED,
        (
            f"Error creating IAM user: AccessDenied: {CREATE_USER} because no identity-based "
            "policy allows the iam:CreateUser action\n\tstatus code: 403"
        ),
    ),
    (
        access.SERVICE_CONTROL,
        f"AccessDenied: {CREATE_USER} with an explicit deny in a service control policy",
    ),
    (
        access.SERVICE_CONTROL,
        f"AccessDenied: {CREATE_USER} with an explicit deny in a resource control policy",
    ),
    (
        access.SERVICE_CONTROL,
        (
            f"AccessDenied: {CREATE_USER} because no service control policy allows the "
            "iam:CreateUser action"
        ),
    ),
    (
        access.BLOCKED,
        f"AccessDenied: {CREATE_USER} with an explicit deny in an identity-based policy",
    ),
    (
        access.BOUNDARY,
        (
            f"AccessDenied: {CREATE_USER} because no permissions boundary allows the "
            "iam:CreateUser action"
        ),
    ),
    (
        access.SESSION_POLICY,
        f"AccessDenied: {CREATE_USER} because no session policy allows the iam:CreateUser action",
    ),
    (
        access.TAG_SESSION,
        (
            f"AccessDenied: User: {SESSION} is not authorized to perform: sts:TagSession on "
            "resource: arn:aws:iam::123456789012:role/target"
        ),
    ),
    (
        access.NOT_ASSUMABLE,
        (
            f"AccessDenied: User: {SESSION} is not authorized to perform: sts:AssumeRole on "
            "resource: arn:aws:iam::123456789012:role/target"
        ),
    ),
    (
        access.FROM_SESSION,
        _cli("AccessDenied", "Cannot call GetFederationToken with session credentials", "X"),
    ),
    (access.DENIED, _cli("AccessDenied", "Access Denied", "ListBuckets")),
    (
        access.NEW_KEY,
        _cli("InvalidClientTokenId", "The security token included in the request is invalid", "X"),
    ),
    (access.NEW_KEY, _cli("InvalidAccessKeyId", "The AWS Access Key Id you provided ...", "X")),
    (access.NEW_KEY, _cli("UnrecognizedClientException", "The security token ...", "X")),
    (access.NEW_KEY, _cli("AuthFailure", "AWS was not able to validate the provided ...", "X")),
    (access.SESSION_ENDED, _cli("ExpiredToken", "The provided token has expired.", "ListBuckets")),
    (access.SESSION_ENDED, _cli("RequestExpired", "Request has expired.", "DescribeInstances")),
    (
        access.SIGNATURE,
        _cli("SignatureDoesNotMatch", "Signature expired: 20300101T000000Z is now earlier", "X"),
    ),
    (vault.FALLBACKS, "fallback endpoints and fallback regions must be the same length"),
    (
        vault.ROTATION_BOTH,
        (
            "mutually exclusive fields rotation_schedule and rotation_period were both specified; "
            "only one of them can be provided"
        ),
    ),
    (vault.ROTATION_WINDOW, "rotation_window does not apply to period"),
    (vault.ROTATION_WINDOW, "cannot use rotation_window without rotation_schedule"),
    (
        vault.ROTATION_SCHEDULE,
        "failed to parse provided rotation_schedule: expected exactly 5 fields, found 1: [x]",
    ),
    (
        vault.ROTATION_EDITION,
        (
            "error registering rotation job: rotation manager capabilities not supported in Vault "
            "community edition"
        ),
    ),
    (
        vault.KEYS_AND_AUDIENCE,
        "only one of 'access_key' or 'identity_token_audience' can be set",
    ),
    (vault.NO_ROLE, "missing required 'role_arn' when 'identity_token_audience' is set"),
    (vault.NO_ROLE, "role_arn must be set when identity_token_audience is set"),
    (
        vault.COMMUNITY,
        (
            "failed to generate plugin identity token: plugin workload identity not supported in "
            "Vault community edition"
        ),
    ),
    (vault.UNCONFIGURED, "No value found at aws/config/root"),
    (vault.ROTATE_ROOT, "can't update access_key because it's unset"),
    (
        vault.ROTATE_ROOT,
        "Cannot call config/rotate-root when either access_key or secret_key is empty",
    ),
    (
        vault.ISSUER,
        (
            "invalid issuer, which must include only a scheme, host, and optional port (e.g. "
            "https://example.com:8200)"
        ),
    ),
    (vault.CHILD_ISSUER, 'invalid child issuer "plugins"'),
    (vault.UNKNOWN_ROLE, 'Role "my-role" not found'),
    (vault.UNKNOWN_ROLE, 'entry for role "dev-role-iam" not found'),
    (vault.WHICH_TARGET, "did not supply a role_arn parameter and unable to determine one"),
    (
        vault.FOREIGN_TARGET,
        'role_arn "arn:aws:iam::123456789012:role/x" not in allowed role arns for Vault role "d"',
    ),
    (
        vault.ASSUMING,
        (
            f"Error assuming role: AccessDenied: User: {SESSION} is not authorized to perform: "
            "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/target"
        ),
    ),
    (
        vault.PRINCIPAL,
        'IAM Principal "arn:aws:iam::123456789012:user/eve" does not belong to the role "dev"',
    ),
    (vault.SERVER_ID, "error validating X-Vault-AWS-IAM-Server-ID header: missing header"),
    (
        vault.UNRESOLVED,
        'unable to resolve ARN "arn:aws:iam::123456789012:role/app" to internal ID: NoSuchEntity',
    ),
    (vault.FORBIDDEN, "1 error occurred:\n\t* permission denied\n\n"),
    (vault.NO_MOUNT, 'no handler for route "nothing/creds/x". route entry not found.'),
    (vault.SEALED, "Vault is sealed"),
]


@pytest.mark.parametrize(("rule", "message"), MESSAGES)
def test_each_rule_knows_what_aws_and_vault_are_documented_to_say(rule: Rule, message: str) -> None:
    found = [each.rule for each in knowledge.explain(message)]
    assert rule in found
    others = [each for each in found if each is not rule]
    # Vault wraps a reason of AWS's; nothing else means two things at once.
    assert not others or rule.says == "Vault" or others[0].says == "Vault"


def test_no_rule_is_without_a_message_and_each_says_everything() -> None:
    tried = [rule for rule, _ in MESSAGES]
    assert [rule.meaning for rule in knowledge.RULES if rule not in tried] == []
    for rule in knowledge.RULES:
        assert rule.causes
        assert rule.remedy
        assert rule.source
        assert rule.codes or rule.words
        assert not rule.meaning.endswith(".")


def test_what_to_do_always_holds_something_to_type_or_a_setting() -> None:
    for rule in knowledge.RULES:
        assert any(
            step.command or "`" in step.do or "docs/" in step.do for step in rule.remedy
        ) or (
            rule in (vault.ROTATION_BOTH, vault.ROTATION_WINDOW, vault.ROTATION_SCHEDULE)
            or rule in (vault.ROTATE_ROOT, limits.PACKED)
        ), rule.meaning


@pytest.mark.parametrize(
    "code",
    [
        *("ValidationError", "InvalidIdentityToken", "IDPCommunicationError", "IDPRejectedClaim"),
        *("ExpiredTokenException", "AccessDenied", "MalformedPolicyDocument"),
        *("PackedPolicyTooLarge", "RegionDisabledException"),
    ],
)
def test_every_code_of_the_exchange_is_known_even_without_its_message(code: str) -> None:
    """Source: STS API Reference, "AssumeRoleWithWebIdentity", Errors, and "Common Errors"."""
    assert knowledge.explain(_cli(code, "in words of next year"))
    event = {"eventName": "AssumeRoleWithWebIdentity", "errorCode": code, "errorMessage": "x"}
    assert knowledge.explain(json.dumps(event))
    # The SDKs of some languages name the error by its class.
    assert knowledge.explain(f"software.amazon.awssdk.{code.removesuffix('Exception')}Exception: x")


@pytest.mark.parametrize(
    "written",
    [
        (
            "<Error><Code>InvalidIdentityToken</Code><Message>OpenIDConnect provider&#39;s HTTPS "
            "certificate doesn&#39;t match configured thumbprint</Message></Error>"
        ),
        (
            '{"err": "OpenIDConnect provider\\u0027s HTTPS certificate doesn\u2019t match '
            'configured thumbprint"}'
        ),
        (
            "caused by: InvalidIdentityToken: OpenIDConnect provider's HTTPS\n  certificate "
            "doesn't match configured thumbprint\\n\\tstatus code: 400"
        ),
    ],
    ids=["XML", "JSON", "Vault's log"],
)
def test_a_message_is_known_however_it_was_written(written: str) -> None:
    assert [each.rule for each in knowledge.explain(written)] == [exchange.THUMBPRINT]


def test_commands_are_filled_with_what_the_message_says() -> None:
    message = f"AccessDenied: {CREATE_USER} with an explicit deny in an identity-based policy"
    (known,) = knowledge.explain(message, stack="dev")
    commands = [step.command for step in known.remedy]
    assert (
        "vaultaws revoke-sessions "
        "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws --stack dev"
    ) in commands
    (bare,) = knowledge.explain(
        "with an explicit deny: not authorized to perform: iam:GetUser "
        "with an explicit deny in an identity-based policy"
    )
    assert "vaultaws revoke-sessions arn:aws:iam::ACCOUNT:role/ROLE --stack STACK" in [
        step.command for step in bare.remedy
    ]


def test_nothing_that_a_message_says_becomes_a_second_command() -> None:
    message = "No OpenIDConnect provider found in your account for https://a.test/b;rm -rf /"
    (known,) = knowledge.explain(message)
    assert known.said == {"issuer": "https://a.test/b"}


@pytest.mark.parametrize("message", ["", "it does not work", "AccessDeniedByMe", "xAccessDenied"])
def test_what_no_rule_knows_is_not_guessed_at(message: str) -> None:
    assert knowledge.explain(message) == []


def test_the_programs_own_messages_say_what_the_table_says() -> None:
    advice = ADVICE[EngineNotSignedInError]
    assert exchange.NO_SESSION.meaning in advice
    assert all(cause in advice for cause in exchange.NO_SESSION.causes)
