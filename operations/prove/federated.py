"""What shows that AWS trusts one mount and nobody else, of engines and methods alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.errors import AwsError, VaultError, VaultUnreachableError
from clients.vault import public_document
from federation import identity, trust
from federation.readback import differing

if TYPE_CHECKING:
    from clients.aws import Account
    from operations.deployed import DeployedMount
    from operations.prove.declared import Part
    from operations.prove.evidence import Page
    from operations.prove.world import World

CHECK = "pulumi-python:dynamic/vaultwif:Federation"
POLICY = "vault:index/policy:Policy"
UP = "see `pulumi preview`, then `pulumi up`"
MASKED = (
    "Vault signs in with AWS keys from somewhere else than its federation: take them out of its "
    "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE, an instance profile) and "
    "out of the mount, and restart it"
)
_ELSEWHERE = "0" * 8
"""What no accessor of Vault ends with by chance: it stands for another mount."""


def prove_configuration(part: Part, mount: DeployedMount, world: World, page: Page) -> bool:
    """Compare what the mount holds; tell whether there is a mount at all.

    Raises:
        VaultError: Vault cannot be asked.
    """
    held = world.vault(part.namespace).federation(mount.mount_class, part.path)
    what = "configuration read back"
    if held is None:
        page.wrong(what, f"there is nothing mounted at {part.path}", UP)
        return False
    (recorded,) = part.outputs(CHECK)
    declared = {
        "accessor": part.summary["subject"].rpartition(":")[2],
        "audience": part.summary["audience"],
        "role_arn": part.summary["role_arn"],
        "token_key": recorded["token_key"],
        "token_ttl_seconds": int(recorded["token_ttl_seconds"]),
        "username_template": recorded.get("username_template", ""),
        "access_key": "",
    }
    problems = differing(declared, {key: getattr(held, key) for key in declared})
    if not held.audience or not held.role_arn:
        problems.append(
            "without them, Vault takes whatever AWS keys it finds: in its environment, in a "
            "profile, or of the machine it runs on"
        )
    page.judged(
        what,
        problems,
        f"audience {held.audience}, role {held.role_arn}, accessor {held.accessor}, signing key "
        f"{held.token_key}, and no AWS key",
        f"Find out who wrote the mount's configuration; {UP}. If what was written comes back "
        "without audience and role, Vault is no Enterprise release that can federate",
    )
    return True


def prove_surroundings(part: Part, mount: DeployedMount, world: World, page: Page) -> None:
    """Compare what a mount relies on: its Vault policies, its issuer, and AWS's trust in it.

    Raises:
        VaultError: Vault cannot be asked.
    """
    _policies(part, world, page)
    _issuer(part, page)
    _trusted(part, mount, world, page)


def _policies(part: Part, world: World, page: Page) -> None:
    """Compare the Vault policies that let somebody read or do something.

    Raises:
        VaultError: Vault cannot be asked.
    """
    declared = {each["name"]: each["policy"] for each in part.outputs(POLICY)}
    if not declared:
        return
    vault = world.vault(part.namespace)
    held = {name: (vault.read(f"sys/policies/acl/{name}") or {}).get("policy") for name in declared}
    problems = [
        f"{name} {'is not there' if held[name] is None else 'says something else'}"
        for name, text in declared.items()
        if (held[name] or "").strip() != text.strip()
    ]
    page.judged("Vault policies read back", problems, ", ".join(sorted(declared)), UP)


def _issuer(part: Part, page: Page) -> None:
    """Read the two documents that AWS reads."""
    issuer = part.summary["issuer"]
    what = "issuer's documents"
    try:
        document = public_document(identity.discovery_url(issuer))
        keys = public_document(identity.keys_url(issuer)).get("keys") or []
    except VaultUnreachableError as error:
        page.open(what, str(error), "AWS reads them itself: that it gives a session shows it")
        return
    except VaultError as error:
        page.wrong(what, str(error), "AWS must get them without a token; check what is between")
        return
    problems = differing({"issuer": issuer}, document)
    problems += [] if keys else [f"{identity.keys_url(issuer)} has no key"]
    page.judged(
        what,
        problems,
        f"at {issuer}: it names itself exactly so, and publishes {len(keys)} key(s)",
        "Check vault.issuerAddress, and whether something in between rewrites the document",
    )


def _trusted(part: Part, mount: DeployedMount, world: World, page: Page) -> None:
    """Judge identity provider and trust policy as AWS holds them."""
    try:
        account = world.account(mount.account)
        _provider(part, account, page)
        _trust(part, account, page)
    except AwsError as error:
        page.unseen(
            "trust at AWS",
            str(error),
            f"sign in to account {mount.account.account_id} as for `pulumi up`, with the rights of "
            "policies/aws/prove.json",
        )


def _provider(part: Part, account: Account, page: Page) -> None:
    arn, audience = part.summary["provider_arn"], part.summary["audience"]
    registered = account.audiences(arn)
    listed = [each.lower() for each in account.thumbprints(arn)]
    problems = []
    if registered is None:
        problems.append(f"there is no identity provider {arn}")
    elif audience not in registered:
        problems.append(f"{audience} is not among its audiences {', '.join(sorted(registered))}")
    if registered is not None and not set(part.summary["thumbprints"]) & set(listed):
        known = ", ".join(part.summary["thumbprints"])
        problems.append(f"it lists {', '.join(listed) or 'no thumbprint'}, and not {known}")
    page.judged(
        "identity provider at AWS",
        problems,
        f"it has the audience {audience}, and the thumbprint {', '.join(listed)}",
        UP,
    )


def _trust(part: Part, account: Account, page: Page) -> None:
    """Ask of the role's real trust policy whom it lets in: this mount, and no other."""
    summary = part.summary
    arn, subject, issuer = summary["role_arn"], summary["subject"], summary["issuer"]
    own = {"iss": issuer, "aud": summary["audience"], "sub": subject}
    head, _, accessor = subject.rpartition(":")
    other = f"{head}:{accessor.rpartition('_')[0]}_{_ELSEWHERE}"
    role = account.role(arn.rpartition("/")[2])
    if role is None:
        page.wrong("trust of the role", f"there is no role {arn}", UP)
        return
    page.judged(
        "the role lets this mount in",
        trust.explain(role.trust, issuer, own),
        f"its trust policy admits {subject} with the audience {summary['audience']}",
        UP,
    )
    refused = trust.explain(role.trust, issuer, {**own, "sub": other})
    problems = trust.others_let_in(role.trust, summary["provider_arn"], subject)
    if not refused:
        problems.insert(0, f"a token of another mount, {other}, satisfies the trust policy")
    page.judged(
        "the role lets nobody else in",
        problems,
        f"the same policy refuses {other} with the same audience, by "
        f"{'; '.join(clause.partition(': wants')[0] for clause in refused)}",
        f"Somebody has changed the trust policy of {arn}: CloudTrail names who, event "
        f"UpdateAssumeRolePolicy; {UP}",
    )
