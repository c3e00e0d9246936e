"""What shows that an auth method asks AWS as its role, and lets in whom it is bound to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clients.auth_method import AuthMethod
from clients.callers import caller_of
from clients.errors import AwsError, VaultError
from clients.identity_proof import identity_proof
from clients.tokens import revoke_token
from clients.vault import Vault
from federation.arns import is_session_of, nobody_beside
from federation.knowledge.access import refused_caller
from federation.principals import covers
from federation.readback import differences
from operations.prove.federated import (
    MASKED,
    UP,
    prove_configuration,
    prove_surroundings,
)
from operations.prove.trail import Trace
from operations.prove.world import unbroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.auth_method import Admitted
    from operations.deployed import DeployedMount
    from operations.prove.declared import Part
    from operations.prove.evidence import Page
    from operations.prove.world import World

ROLE = "vault:aws/authBackendRole:AuthBackendRole"
CLIENT = "vault:aws/authBackendClient:AuthBackendClient"


def prove_method(
    part: Part, mount: DeployedMount, world: World, page: Page, profiles: Sequence[str]
) -> list[Trace]:
    """Gather the evidence of one auth method.

    Args:
        part: The method.
        mount: Its mount.
        world: The connections.
        page: Where the findings go.
        profiles: Profiles of the AWS configuration to log in with, beside the environment.

    Returns:
        What CloudTrail is to say something about.

    Raises:
        VaultError: Vault cannot be asked.
    """
    if not prove_configuration(part, mount, world, page):
        return []
    method = AuthMethod(world.vault(part.namespace), part.path)
    _read_back(part, method, page)
    prove_surroundings(part, mount, world, page)
    _caller(part, method, page)
    callers = _callers(part, profiles, page)
    for role in part.outputs(ROLE):
        _login(part, method, page, role, callers)
    return [
        Trace(
            page=page,
            what="CloudTrail's record of its own session",
            access=mount.account,
            region=part.summary["region"],
            role_arn=part.summary["role_arn"],
            provider_arn=part.summary["provider_arn"],
            subject=part.summary["subject"],
        )
    ]


def _read_back(part: Part, method: AuthMethod, page: Page) -> None:
    vault, path = method.vault, f"auth/{part.path}"
    held = vault.read(f"{path}/config/client") or {}
    problems = [
        each for client in part.outputs(CLIENT) for each in differences(CLIENT, client, held)
    ]
    server = part.summary["server_id"]
    page.judged(
        "what a login must sign", problems, f"X-Vault-AWS-IAM-Server-ID must be {server}", UP
    )
    declared = {role["role"]: role for role in part.outputs(ROLE)}
    problems = []
    for name, recorded in declared.items():
        there = vault.read(f"{path}/role/{name}")
        if there is None:
            problems.append(f"{name} is not there")
            continue
        problems += [f"{name}: {each}" for each in differences(ROLE, recorded, there)]
    listed = vault.listed(f"{path}/role")
    problems += [f"{name} is there and not declared" for name in listed if name not in declared]
    told = [f"{name} for {_bound(role)}" for name, role in sorted(declared.items())]
    page.judged("Vault roles read back", problems, "; ".join(told) or "none is declared", UP)


def _bound(role: dict[str, Any]) -> str:
    return ", ".join(role["boundIamPrincipalArns"])


def _caller(part: Part, method: AuthMethod, page: Page) -> None:
    """See as whom the method calls AWS: AWS itself names it in refusing what its role may not."""
    what, role_arn = "who the method is at AWS", part.summary["role_arn"]
    nobody = nobody_beside(role_arn)
    told = method.look_up(nobody)
    if caller := refused_caller(told, "iam:GetRole"):
        if is_session_of(caller, role_arn):
            page.shown(what, f"AWS called it {caller} when it refused iam:GetRole")
        else:
            page.wrong(what, f"AWS called it {caller}, not a session of {role_arn}", MASKED)
        return
    bound = [arn for role in part.outputs(ROLE) for arn in role["boundIamPrincipalArns"]]
    if told and "NoSuchEntity" not in told:
        page.wrong(what, told, "the rows above say why; else docs/rotation.md does")
    elif any(covers(arn, nobody) for arn in bound):
        page.open(what, f"its role may look up {nobody} as well", "--cloudtrail shows it")
    else:
        page.wrong(
            what,
            f"it may look up {nobody}, which a session of {role_arn} may not: it is somebody else",
            MASKED,
        )


def _callers(part: Part, profiles: Sequence[str], page: Page) -> dict[str | None, str]:
    """Return who there is to log in as: the environment, and the profiles."""
    callers: dict[str | None, str] = {}
    for profile in (None, *profiles):
        try:
            callers[profile] = caller_of(profile, part.summary["region"])
        except AwsError as error:
            if profile is not None:
                page.open(f"profile {profile}", str(error), "check the AWS configuration")
    return callers


def _login(
    part: Part,
    method: AuthMethod,
    page: Page,
    role: dict[str, Any],
    callers: dict[str | None, str],
) -> None:
    what = f"{role['role']}: login"
    fitting = [
        (profile, caller)
        for profile, caller in callers.items()
        if any(covers(arn, caller) for arn in role["boundIamPrincipalArns"])
    ]
    if not fitting:
        page.open(
            what,
            f"nobody here is {_bound(role)}",
            f"repeat with --profile of such a principal, or type as it: "
            f"{part.summary['log_in'][role['role']]}",
        )
        return
    profile, caller = fitting[0]
    admitted: Admitted | None = None
    try:
        proof = identity_proof(
            region=part.summary["region"], server_id=part.summary["server_id"], profile=profile
        )
        admitted = unbroken(
            lambda: method.admit(role["role"], proof), lambda given: _end(method, given)
        )
        expected = {*(role["tokenPolicies"] or ()), "default"}
        problems = [
            f"its token has the policy {policy} too"
            for policy in sorted(set(admitted.policies) - expected)
        ]
        page.judged(
            what,
            problems,
            f"{caller} got a token for {admitted.seconds} s with the policies "
            f"{', '.join(admitted.policies)}; it is ended",
            UP,
        )
    except (AwsError, VaultError) as error:
        page.wrong(what, f"{caller}: {error}", UP)
    finally:
        if admitted:
            _end(method, admitted)


def _end(method: AuthMethod, admitted: Admitted) -> None:
    """End the token of a login, by itself: nobody needs a right for that."""
    with Vault(method.vault.address, method.vault.namespace, token=admitted.token) as own:
        revoke_token(own)
