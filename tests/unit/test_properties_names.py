"""No two mounts share a name, and no mount's users are another's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hypothesis import assume, given
from hypothesis import strategies as st

from federation.names import LONGEST_IAM_NAME, MountNames, signing_key
from lab.aws.judgement.patterns import matches, template
from tests.unit import strategies as some


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A Vault role, and what else Vault puts into the name of a user it makes for a lease."""

    role: str
    display_name: str
    random: str

    def user(self, mount: MountNames) -> str:
        """Return the ARN of the user."""
        name = f"vault-{self.display_name}-{self.role}-{self.random}"
        assert len(name) <= LONGEST_IAM_NAME
        return f"arn:aws:iam::{some.ACCOUNT}:user{mount.iam_path}{name}"


owners = st.builds(
    Owner, role=some.role_names, display_name=some.display_names, random=some.randoms
)


def _covers(pattern: str, arn: str) -> bool:
    """Ask the laboratory's own reading of IAM patterns."""
    pieces = template(pattern, variables=True).resolve({})
    assert pieces is not None
    return matches(arn, pieces, "resource")


def _parts(names: MountNames) -> tuple[str, str, str]:
    return names.stack, names.namespace, names.key


@given(names=some.mounts)
def test_the_parts_of_a_name_can_be_told_apart_again(names: MountNames) -> None:
    for whole in (names.iam_path[len("/vault/") : -1], names.role_name[len("vault-secret-") :]):
        stack, namespace, key = (
            part.replace("--", "-") for part in re.split("(?<!-)-(?!-)", whole)
        )
        namespace = "" if namespace == "root" else namespace.replace(".", "/")
        assert (stack, namespace, key) == _parts(names)


@given(pair=some.pairs, role=some.role_names, other_role=some.role_names)
def test_two_mounts_share_no_name(
    pair: tuple[MountNames, MountNames], role: str, other_role: str
) -> None:
    one, other = pair
    assume(_parts(one) != _parts(other))
    assert one.role_name != other.role_name
    assert one.role_arn != other.role_arn
    assert one.iam_path != other.iam_path
    if (one.stack, one.key) != (other.stack, other.key):
        # IAM does not tell names of roles by case, and within a stack no two mounts share a key.
        assert one.role_name.lower() != other.role_name.lower()
    # Vault keeps policies and keys apart by namespace.
    for of in (role, other_role):
        policy = one.namespace, one.access_policy(role)
        assert policy != (other.namespace, other.access_policy(of))
    same_owner = (one.stack, one.namespace) == (other.stack, other.namespace)
    assert (one.signing_key == other.signing_key) == same_owner


@given(names=some.mounts, role=some.role_names, other_role=some.role_names)
def test_two_roles_of_a_mount_share_no_name(names: MountNames, role: str, other_role: str) -> None:
    assume(role.lower() != other_role.lower())
    assert names.access_policy(role) != names.access_policy(other_role)
    assert names.issue_policy(role).lower() != names.issue_policy(other_role).lower()


@given(pair=some.pairs, of=st.tuples(owners, owners))
def test_no_pattern_of_a_mount_matches_the_users_of_another(
    pair: tuple[MountNames, MountNames], of: tuple[Owner, Owner]
) -> None:
    one, other = pair
    own, foreign = of[0].user(one), of[1].user(other)
    for pattern in (one.any_user_arn, one.user_arn_pattern(of[0].role)):
        assert _covers(pattern, own)
        if _parts(one) != _parts(other):
            assert not _covers(pattern, foreign)
    assert not _covers(one.user_arn("/vault-*"), own)
    assert not _covers(one.user_arn("/vault-*"), foreign)


@given(stack=some.stacks, namespace=some.namespaces)
def test_a_signing_key_tells_its_stack(stack: str, namespace: str) -> None:
    key = signing_key(stack, namespace)
    segment = (namespace.replace("/", ".") or "root").replace("-", "--")
    assert key.removesuffix(f"-{segment}-plugin-identity").replace("--", "-") == stack
