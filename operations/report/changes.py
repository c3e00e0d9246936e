"""What an update changes of who can become whom, and of what they may."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.grants import beyond, grants
from operations.report import build
from operations.report.graph import Kind
from operations.report.rights import summed_up
from operations.report.words import named, rights, way

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from operations.report.graph import Graph, Node
    from operations.report.resources import Preview, Resource


class Verb(enum.Enum):
    """What is gained, or with the second words lost; the weightiest first."""

    BECOMES = ("can become", "can no longer become")
    ENTERS = ("lets in", "no longer lets in")
    MAY = ("may", "may no longer")
    READS = ("lets its holder", "no longer lets its holder")
    HOLDS = ("is given the Vault policy", "is no longer given the Vault policy")
    LOGS_IN = ("can log in at", "can no longer log in at")


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """One thing that somebody can do."""

    who: str
    verb: Verb
    what: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What an update changes, the weightiest first."""

    stack: str
    gained: tuple[Right, ...]
    lost: tuple[Right, ...]
    anew: tuple[tuple[str, str], ...]
    """What is deleted and made again, each with what follows from that."""
    notes: tuple[str, ...]
    """What a reader must be told besides."""

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""

        def said(found: Iterable[Right], index: int) -> list[dict[str, Any]]:
            return [
                {
                    "who": right.who,
                    "verb": right.verb.value[index],
                    "what": right.what,
                    "details": list(right.details),
                }
                for right in found
            ]

        return {
            "stack": self.stack,
            "new_rights": said(self.gained, 0),
            "lost_rights": said(self.lost, 1),
            "made_anew": [{"what": what, "follows": follows} for what, follows in self.anew],
            "notes": list(self.notes),
        }


def changes(preview: Preview) -> Changes:
    """Return what an update would change."""
    before, after = build.graph(preview.before), build.graph(preview.after)
    anew = [each for each in preview.anew if each.type in _FOLLOWS]
    return Changes(
        stack=after.stack or before.stack,
        gained=tuple(_gained(before, after)),
        lost=tuple(_gained(after, before)),
        anew=tuple((_called(each), _FOLLOWS[each.type]) for each in anew),
        notes=tuple(_notes(preview, before, after)),
    )


def _gained(before: Graph, after: Graph) -> Iterator[Right]:
    """Yield what the second allows and the first did not; turned around, what is lost."""
    old, new = _held(before), _held(after)
    fresh = {key: right for key, right in new.items() if key not in old}
    # Who becomes somebody new logs in for that, with a policy for that: once said is enough.
    becoming = {key[1] for key in fresh if key[0] is Verb.BECOMES}
    found = [
        right
        for key, right in fresh.items()
        if key[0] not in (Verb.LOGS_IN, Verb.HOLDS) or key[1] not in becoming
    ]
    found += _handed_to_nobody(before, after)
    found += _widened(before, after)
    order = list(Verb)
    yield from sorted(found, key=lambda right: order.index(right.verb))


def _held(graph: Graph) -> dict[tuple[Any, ...], Right]:
    """Return what somebody can do, by what makes it the same before and after."""
    found: dict[tuple[Any, ...], Right] = {}
    for line in graph.becoming():
        if line.who.kind is Kind.WHO and not line.broken:
            key = (Verb.BECOMES, line.who.id, line.identity.id)
            may = tuple(f"may {said}" for said in rights(line)) or line.identity.remarks
            found[key] = Right(
                who=named(line.who),
                verb=Verb.BECOMES,
                what=_placed(line.identity),
                details=(f"by {way(line)}", *may),
            )
    for route in graph.routes:
        nodes = [graph.nodes[id_] for id_ in route.nodes]
        if not route.broken:
            found |= _entered(nodes)
            found |= _logged_in(nodes)
    return found


def _entered(nodes: list[Node]) -> Iterator[tuple[tuple[Any, ...], Right]]:
    """Yield which IAM role a way leads into, from a mount, a role or past Vault."""
    doors = (Kind.ROLE, Kind.IDENTITY)
    comes = (Kind.MOUNT, Kind.ROLE, Kind.WHO)
    for at, node in enumerate(nodes):
        if node.kind not in doors or node.facts.get("ARN", "").find(":role/") < 0:
            continue
        source = next((each for each in reversed(nodes[:at]) if each.kind in comes), None)
        if source is not None and (source.kind is not Kind.WHO or at == 1):
            what = _placed(source) if source.kind is not Kind.WHO else named(source)
            right = Right(who=_placed(node), verb=Verb.ENTERS, what=what)
            yield (Verb.ENTERS, node.id, source.id), right


def _logged_in(nodes: list[Node]) -> Iterator[tuple[tuple[Any, ...], Right]]:
    if len(nodes) < 2 or nodes[1].kind is not Kind.LOGIN:  # noqa: PLR2004 - the first two
        return
    who, login, *rest = nodes
    right = Right(who=named(who), verb=Verb.LOGS_IN, what=_placed(login))
    yield (Verb.LOGS_IN, who.id, login.id), right
    for policy in rest[:1]:
        said = tuple(f"{held} on {path}" for path, held in policy.facts.items())
        right = Right(who=named(who), verb=Verb.HOLDS, what=_placed(policy), details=said)
        yield (Verb.HOLDS, who.id, policy.id), right


def _handed_to_nobody(before: Graph, after: Graph) -> Iterator[Right]:
    """Yield what a new identity may that nobody of the stack becomes: so far, nobody else says it.

    Whoever is granted it later, here or by a Vault policy that is kept elsewhere, has all of it.
    """
    becoming = {
        line.identity.id
        for line in after.becoming()
        if line.who.kind is Kind.WHO and not line.broken
    }
    for id_, owned in _owned(after).items():
        node = after.nodes[id_]
        if node.kind is not Kind.IDENTITY or id_ in before.nodes or id_ in becoming:
            continue
        for said in summed_up(each for each in grants(_documents(owned)) if not each.denies):
            told = ("nobody of this stack becomes it yet",)
            yield Right(who=_placed(node), verb=Verb.MAY, what=said, details=told)


def _widened(before: Graph, after: Graph) -> Iterator[Right]:
    """Yield what those may who were there before."""
    owned, owns = _owned(before), _owned(after)
    for id_, new in owns.items():
        owner = after.nodes[id_]
        if id_ not in before.nodes:
            continue
        old = owned.get(id_, [])
        users = _users(after, id_)
        more = beyond(grants(_documents(old)), grants(_documents(new)))
        freed = (f"do what was denied, {grant}" for grant in more if grant.denies)
        allowed = summed_up(grant for grant in more if not grant.denies)
        for said in (*allowed, *freed):
            yield Right(who=_placed(owner), verb=Verb.MAY, what=said, details=users)
        known = {node.id for node in old if not node.document}
        for node in new:
            if not node.document and node.id not in known:
                said = f"what the policy {node.label} grants, which is kept elsewhere"
                yield Right(who=_placed(owner), verb=Verb.MAY, what=said, details=users)
    for id_, node in after.nodes.items():
        if id_ in before.nodes:
            yield from _loosened(before.nodes[id_], node)


def _loosened(old: Node, new: Node) -> Iterator[Right]:
    """Yield what a node lets through that it did not: a policy of Vault, a limit that went."""
    if new.kind is Kind.VAULT_POLICY:
        for path, capabilities in (new.document or {}).items():
            known = (old.document or {}).get(path, ())
            if more := [each for each in capabilities if each not in known and each != "deny"]:
                said = f"{', '.join(more)} {path}"
                yield Right(who=_placed(new), verb=Verb.READS, what=said)
            if "deny" in known and "deny" not in capabilities:
                said = f"no longer be denied {path}"
                yield Right(who=_placed(new), verb=Verb.READS, what=said)
    if new.kind is Kind.VAULT_ROLE and old.document and old.document != new.document:
        wider = beyond(grants([old.document]), grants([new.document])) if new.document else []
        said = "; ".join(map(str, wider)) if new.document else "all that the role may"
        if said:
            what = f"in its sessions, past the old session policy, {said}"
            yield Right(who=_placed(new), verb=Verb.MAY, what=what)
    boundary = old.facts.get("permissions boundary")
    if boundary and boundary != new.facts.get("permissions boundary"):
        other = new.facts.get("permissions boundary")
        what = f"what the boundary {boundary} kept from it"
        details = (f"its boundary is {other} then",) if other else ("it has no boundary then",)
        yield Right(who=_placed(new), verb=Verb.MAY, what=what, details=details)


def _owned(graph: Graph) -> Mapping[str, list[Node]]:
    found: dict[str, list[Node]] = {
        id_: [] for id_, node in graph.nodes.items() if node.kind in (Kind.ROLE, Kind.IDENTITY)
    }
    for edge in graph.edges:
        if edge.source in found and graph.nodes[edge.target].kind is Kind.RIGHTS:
            found[edge.source].append(graph.nodes[edge.target])
    return found


def _documents(nodes: Iterable[Node]) -> list[Mapping[str, Any]]:
    return [node.document for node in nodes if node.document]


def _users(graph: Graph, identity: str) -> tuple[str, ...]:
    """Say who becomes this identity."""
    people = [
        named(line.who)
        for line in graph.becoming()
        if line.identity.id == identity and line.who.kind is Kind.WHO and not line.broken
    ]
    return (f"becomes it: {'; '.join(dict.fromkeys(people))}",) if people else ()


def _placed(node: Node) -> str:
    kind = f"{node.says[0]}, " if node.kind is Kind.IDENTITY and node.says else ""
    return f"{node.label} ({kind}{node.place})" if node.place else node.label


_FOLLOWS = {
    "aws:iam/role:Role": (
        "IAM trusts it by its unique id, so every trust and policy outside this stack that names "
        "it is broken until somebody saves it again"
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (
        "no token of its issuer is believed in between"
    ),
    "vault:aws/secretBackend:SecretBackend": (
        "its leases end first; its tokens have another subject, so every trust outside this stack "
        "that names the old one is broken"
    ),
    "vault:index/authBackend:AuthBackend": (
        "tokens that were given by it end; if it signs in to AWS, it does so with another subject"
    ),
    "vault:aws/secretBackendRole:SecretBackendRole": "its leases end first",
    "vault:aws/authBackendRole:AuthBackendRole": (
        "its principals are looked up anew: one that was deleted and made again under its name "
        "gets in from then on"
    ),
}
"""What is told when one of this type is made anew."""


def _called(resource: Resource) -> str:
    values = resource.values
    name = values.get("arn") or values.get("name") or values.get("role") or values.get("path")
    kind = {"aws": "of AWS", "vault": "of Vault"}[resource.type.partition(":")[0]]
    noun = resource.type.rpartition(":")[2]
    return f"{noun} {name or resource.name} {kind}"


def _notes(preview: Preview, before: Graph, after: Graph) -> Iterator[str]:
    if preview.failed:
        yield f"The preview ended early, so more may change: {preview.failed}"
    for id_, node in after.nodes.items():
        held = before.nodes.get(id_)
        if held is not None and held.document and node.document is None:
            if node.kind in (Kind.ROLE, Kind.IDENTITY):
                yield f"The trust of {_placed(node)} is written while updating."
            if node.kind is Kind.RIGHTS:
                yield f"What {node.label} grants is known only while updating."
