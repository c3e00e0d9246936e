"""What properties draw from: parts of names, mounts and Vault roles, chosen to collide."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from federation.identity import MountClass
from federation.names import MountNames
from federation.roles import AssumedRole, IamUser

ACCOUNT = "123456789012"

_WORDS = st.sampled_from(["a", "b", "ab", "root", "creds", "plugin", "identity", "0"])
_HYPHENS = st.sampled_from(["", "-", "--", "---"])


def _joined(words: st.SearchStrategy[str], *separators: str) -> st.SearchStrategy[str]:
    between = st.one_of(_HYPHENS, st.sampled_from(["", *separators]))
    more = st.lists(st.tuples(between, words), max_size=3)
    return st.builds(lambda first, rest: first + "".join(map("".join, rest)), words, more)


stacks = _joined(_WORDS, ".", "_")
keys = _joined(_WORDS)
_segments = _joined(st.one_of(_WORDS, st.sampled_from(["A", "Root", "_"])), "_").filter(
    lambda segment: segment not in ("root", "identity")
)
namespaces = st.one_of(st.just(""), st.lists(_segments, min_size=1, max_size=2).map("/".join))
role_names = _joined(st.one_of(_WORDS, st.sampled_from(["A", "_"])), "@", ".", "_").filter(
    lambda name: len(name) <= 32
)
display_names = st.text("ab-_=,.@+", min_size=1, max_size=16)
randoms = st.text("abAB01", min_size=8, max_size=8)

characters = st.characters(exclude_categories=["Cs"])
"""All that text has by default; that one has a codec try a million characters first."""
partitions = st.sampled_from(["aws", "aws-cn", "aws-us-gov"])


def _fits(parts: tuple[str, str, str]) -> bool:
    stack, namespace, key = (part.replace("-", "--") for part in parts)
    return len(f"vault-secret-{stack}-{namespace or 'root'}-{key}") <= 64


def _mount(parts: tuple[str, str, str]) -> MountNames:
    return MountNames(
        stack=parts[0],
        namespace=parts[1],
        key=parts[2],
        mount_class=MountClass.SECRET,
        account_id=ACCOUNT,
        partition="aws",
    )


mounts = st.tuples(stacks, namespaces, keys).filter(_fits).map(_mount)
"""Mounts of one account whose names fit into AWS's limits."""


@st.composite
def _rivals(draw: st.DrawFn) -> tuple[MountNames, MountNames]:
    words = draw(st.lists(_WORDS, min_size=3, max_size=6))

    def cut() -> MountNames:
        first = draw(st.integers(1, len(words) - 2))
        second = draw(st.integers(first + 1, len(words) - 1))
        stack, namespace, key = (
            "-".join(part) for part in (words[:first], words[first:second], words[second:])
        )
        assume(namespace != "identity" and _fits((stack, namespace, key)))
        return _mount((stack, "" if namespace == "root" else namespace, key))

    return cut(), cut()


pairs = st.one_of(st.tuples(mounts, mounts), _rivals())
"""Two mounts, the same one now and then; often such as read the same when joined by hyphens."""

_POLICIES = [f"arn:aws:iam::{ACCOUNT}:policy/team/p{number}" for number in range(3)]
_GROUPS = ["devs", "people/auditors", "people/more/ops"]
_TARGETS = [f"arn:aws:iam::210987654321:role/{name}" for name in ("deploy", "ci/deploy", "read")]
_TAGS = st.dictionaries(st.sampled_from(["team", "cost:centre"]), st.just("a b"), max_size=2)

iam_users = st.builds(
    IamUser,
    name=role_names,
    policy=st.sampled_from([None, '{"Version":"2012-10-17"}']),
    managed_policies=st.lists(st.sampled_from(_POLICIES), unique=True).map(tuple),
    groups=st.lists(st.sampled_from(_GROUPS), unique=True).map(tuple),
    tags=_TAGS,
    boundary=st.sampled_from([None, *_POLICIES]),
)
assumed_roles = st.builds(
    AssumedRole,
    name=role_names,
    role_arns=st.lists(st.sampled_from(_TARGETS), min_size=1, unique=True).map(tuple),
    # Session policies, which narrow a session and so need no right.
    policy=st.sampled_from([None, '{"Version":"2012-10-17"}']),
    managed_policies=st.lists(st.sampled_from(_POLICIES), unique=True).map(tuple),
    external_id=st.sampled_from([None, "partner"]),
    session_tags=_TAGS,
)
vault_roles = st.lists(
    st.one_of(iam_users, assumed_roles),
    max_size=4,
    unique_by=lambda role: role.name.lower(),
)
"""The roles of one mount."""
