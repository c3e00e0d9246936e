"""What shows that a secrets engine issues credentials, as the role it was given, and ends them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clients.callers import await_caller
from clients.errors import AwsError, CloudError, NotSignedInError, VaultError
from clients.leases import Leases
from clients.secrets_engine import SecretsEngine
from federation.arns import is_session_of
from federation.readback import differences
from federation.target_trust import assumable_by
from operations.prove.federated import (
    MASKED,
    UP,
    prove_configuration,
    prove_surroundings,
)
from operations.prove.trail import Trace
from operations.prove.world import TOKEN_NAME, unbroken

if TYPE_CHECKING:
    from clients.leases import Lease
    from operations.deployed import DeployedMount
    from operations.prove.declared import Part
    from operations.prove.evidence import Page
    from operations.prove.world import World

ROLE = "vault:aws/secretBackendRole:SecretBackendRole"
FAILS = "see docs/failures.md, When reading or using credentials fails"
GONE_SECONDS = 15.0
"""How long IAM may go on listing a user that was deleted (IAM User Guide, "Changes that I make are
not always immediately visible")."""
PAUSE_SECONDS = 1.0
ISSUING_SECONDS = 90.0
"""How long a request for credentials may take, which is as long as Vault lets any (Vault,
"Parameters", ``default_max_request_duration``)."""
SHORTEST_SESSION = "900s"
"""The shortest that AWS gives (STS API Reference, AssumeRole, DurationSeconds), for a session is
ended by nothing but time."""


def prove_engine(part: Part, mount: DeployedMount, world: World, page: Page) -> list[Trace]:
    """Gather the evidence of one engine.

    Returns:
        What CloudTrail is to say something about.

    Raises:
        VaultError: Vault cannot be asked.
    """
    if not prove_configuration(part, mount, world, page):
        return []
    engine = SecretsEngine(world.vault(part.namespace), part.path)
    _vault_roles(part, engine, page)
    prove_surroundings(part, mount, world, page)
    _session(part, engine, page)
    traces = []
    for role in part.outputs(ROLE):
        for target in role.get("roleArns") or [""]:
            proof = _Credential(part, mount, world, page, role=role, target=target)
            traces += proof.gather(engine)
    return traces


def _vault_roles(part: Part, engine: SecretsEngine, page: Page) -> None:
    declared = {role["name"]: role for role in part.outputs(ROLE)}
    problems = []
    for name, recorded in declared.items():
        held = engine.vault.read(f"{part.path}/roles/{name}")
        if held is None:
            problems.append(f"{name} is not there")
            continue
        problems += [f"{name}: {each}" for each in differences(ROLE, recorded, held)]
    listed = engine.vault.listed(f"{part.path}/roles")
    problems += [f"{name} is there and not declared" for name in listed if name not in declared]
    page.judged(
        "Vault roles read back",
        problems,
        f"{', '.join(sorted(declared)) or 'none is declared, and none is there'}",
        UP,
    )


def _session(part: Part, engine: SecretsEngine, page: Page) -> None:
    """See as whom the engine calls AWS: AWS itself names it in refusing what its role may not."""
    what, role_arn = "who the engine is at AWS", part.summary["role_arn"]
    try:
        caller = engine.session()
    except NotSignedInError as error:
        page.wrong(what, str(error), "the rows above say why; else docs/rotation.md does")
        return
    except VaultError as error:
        if "NoSuchEntity" not in str(error):
            page.open(what, str(error), "--cloudtrail shows it")
            return
        page.wrong(
            what,
            f"it may look up any IAM user, which a session of {role_arn} may not: it is somebody "
            "else",
            MASKED,
        )
        return
    if is_session_of(caller, role_arn):
        page.shown(what, f"AWS called it {caller} when it refused iam:GetUser")
    else:
        page.wrong(what, f"AWS called it {caller}, not a session of {role_arn}", MASKED)


class _Credential:
    """The life of one credential: issued, used, ended."""

    def __init__(  # noqa: PLR0913 - each of them is another thing
        self,
        part: Part,
        mount: DeployedMount,
        world: World,
        page: Page,
        *,
        role: dict[str, Any],
        target: str,
    ) -> None:
        self._part, self._mount, self._world, self._page = part, mount, world, page
        self._role: str = role["name"]
        self._target = target
        self._asked = {"ttl": SHORTEST_SESSION} if target else {}
        if len(role.get("roleArns") or ()) > 1:
            self._asked["role_arn"] = target
        self._caller = ""

    def gather(self, engine: SecretsEngine) -> list[Trace]:
        """Go through it, and end it whatever happens."""
        issued = None
        try:
            issued = unbroken(
                lambda: self._ask(engine),
                lambda answer: engine.vault.revoke_lease(answer.lease_id),
            )
            self._issued(issued)
        except VaultError as error:
            self._page.wrong(
                self._what("issued"),
                str(error),
                FAILS,
            )
        finally:
            if issued:
                self._end(engine, issued)
        if not issued:
            return []
        return [
            Trace(
                page=self._page,
                what=self._what("CloudTrail's record"),
                access=self._mount.account,
                region=self._part.summary["region"],
                role_arn=self._part.summary["role_arn"],
                provider_arn=self._part.summary["provider_arn"],
                event="AssumeRole" if self._target else "CreateAccessKey",
                key_id=issued.access_key_id,
            )
        ]

    def _ask(self, engine: SecretsEngine) -> Lease:
        leases = Leases(engine.vault)
        return leases.issue(engine.path, self._role, self._asked, timeout=ISSUING_SECONDS)

    def _what(self, what: str) -> str:
        role = f"{self._role} as {self._target.rpartition('/')[2]}" if self._target else self._role
        return f"{role}: {what}"

    def _issued(self, issued: Lease) -> None:
        told = f"key {issued.access_key_id}, lease {issued.lease_id} of {issued.seconds} s"
        self._page.shown(self._what("issued"), told)
        region = self._part.summary["region"]
        began = time.monotonic()
        try:
            caller = await_caller(issued, region, deadline=self._world.deadline)
        except AwsError as error:
            self._page.wrong(
                self._what("used"),
                str(error),
                FAILS,
            )
            return
        self._caller = caller
        problem = self._foreign(caller)
        self._page.judged(
            self._what("used"),
            problem,
            f"AWS knew it after {time.monotonic() - began:.0f} s, as {caller}",
            UP,
        )
        if self._target:
            self._origin()

    def _foreign(self, caller: str) -> list[str]:
        if self._target:
            expected = is_session_of(caller, self._target)
            return [] if expected else [f"it is {caller}, not a session of {self._target}"]
        _, partition, _, _, account, _ = self._part.summary["role_arn"].split(":", 5)
        begins = f"arn:{partition}:iam::{account}:user{self._mount.iam_path}vault-"
        if caller.startswith(begins) and f"-{self._role}-" in caller:
            return []
        return [f"it is {caller}, not a user of {self._role} under {self._mount.iam_path}"]

    def _origin(self) -> None:
        """See who had the session made: only whom the target role's trust lets in could."""
        what = self._what("who assumed it")
        how = "--cloudtrail shows it, if you may sign in to the account of the engine"
        try:
            account = self._world.account_called(self._target.split(":")[4])
            role = account.role(self._target.rpartition("/")[2]) if account else None
        except AwsError as error:
            self._page.open(what, str(error), how)
            return
        if role is None:
            self._page.open(what, f"the trust of {self._target} is not to be read from here", how)
            return
        allowed = assumable_by(role.trust)
        if allowed == {self._part.summary["role_arn"]}:
            (only,) = allowed
            self._page.shown(what, f"its trust policy gives sessions to {only} alone")
        else:
            told = ", ".join(sorted(allowed)) or "nobody"
            self._page.open(what, f"{self._target} trusts {told}", how)

    def _end(self, engine: SecretsEngine, issued: Lease) -> None:
        what = self._what("ended")
        try:
            engine.vault.revoke_lease(issued.lease_id)
        except CloudError as error:
            self._page.wrong(what, str(error), "`vaultaws revoke`, and what it says")
            return
        if self._target:
            ends = "the lease is; the session, which nobody holds, AWS ends 15 minutes after"
            self._page.shown(what, f"{ends} it began")
            return
        user = self._caller.rpartition("/")[2]
        if not user and self._world.token is None:
            self._page.unseen(what, "the lease is; its user never told its name", FAILS)
            return
        try:
            account = self._world.account(self._mount.account)
            until = time.monotonic() + GONE_SECONDS
            while left := self._left(account.users_under(self._mount.iam_path), user):
                if time.monotonic() >= until:
                    self._page.wrong(what, f"IAM still has the user {left}", "delete it")
                    return
                time.sleep(PAUSE_SECONDS)
        except AwsError as error:
            self._page.unseen(what, f"the lease is; of its user: {error}", "list the IAM users")
            return
        self._page.shown(what, f"IAM has no user {user or 'of this proof'} any more")

    def _left(self, users: list[str], user: str) -> str:
        """Return the user if it is still there; where nobody told its name, one of this run's."""
        marks = (f"-{TOKEN_NAME}-",) if not user else (user,)
        return next((each for each in users if any(mark in each for mark in marks)), "")
