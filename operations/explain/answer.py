"""What is known of an error, a token, a trust policy or a stack, as one document."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from federation import knowledge, trust
from federation.knowledge import exchange, token, trust_reading
from federation.knowledge.rule import Step
from federation.knowledge.steps import EVENT, SEE_EVENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from federation.knowledge import Explanation
    from federation.knowledge.token import Token
    from operations.explain.mounts import Look

KEEP_IT = (
    "a token is a secret: until it expires, whoever has it can be the mount at AWS. Keep it out of "
    "tickets and chats"
)
ARGUMENT = (
    "it was typed as an argument, so it stands in this shell's history and was to be seen in the "
    "list of processes: give the name of a file, or `-`, and delete it from the history"
)
UNVERIFIED = "nothing of it is verified: anybody can write such claims"


@dataclass(kw_only=True)
class Answer:
    """What is known, and whether something is wrong."""

    kind: str
    """``error``, ``token``, ``trust`` or ``stack``."""
    warnings: list[str] = field(default_factory=list)
    refusals: list[Explanation] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    """What stands in a token or a trust policy."""
    problems: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    look: list[Step] = field(default_factory=list)
    """Where more is to be seen of what no rule knows."""
    fine: str = ""
    """What can be said if there is no problem."""

    @property
    def wrong(self) -> bool:
        """Whether something is wrong, or nothing is known."""
        return bool(self.problems) or any(look.problems for look in self.looks)

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "kind": self.kind,
            "refusals": [
                {
                    "says": each.rule.says,
                    "codes": list(each.rule.codes),
                    "meaning": each.rule.meaning,
                    "causes": list(each.rule.causes),
                    "remedy": _steps(each.remedy),
                    "source": each.rule.source,
                }
                for each in self.refusals
            ],
            "said": self.said,
            "stack": [look.document() for look in self.looks],
            "warnings": self.warnings,
            "problems": self.problems,
            "look": _steps(self.look),
        }


def of_error(text: str, stack: str = "") -> Answer:
    """Explain what AWS or Vault said; one that no rule knows is a problem, with where to look.

    Args:
        text: What they said.
        stack: The stack that it is about; empty: not known.
    """
    filled = {"stack": stack} if stack else {}
    answer = Answer(kind="error", refusals=knowledge.explain(text, **filled))
    if not answer.refusals:
        called = re.search(r"calling the (\w+) operation", text)
        event = called[1] if called else "EVENT_NAME"
        answer.problems.append("no rule knows this")
        answer.look = [
            Step(
                do="if AWS said it, its reason is in CloudTrail of the account, in the region that "
                "was asked (errorCode, errorMessage)",
                command=SEE_EVENT.command.replace(EVENT, event),
            ),
            Step(do="if Vault said it, look into its log and its audit log at that time"),
        ]
    if token.found(text):
        answer.warnings.append(f"there is a token in it: {KEEP_IT}")
    return answer


def _steps(steps: Sequence[Step]) -> list[dict[str, str]]:
    return [{"do": step.do, "command": step.command} for step in steps]


def is_about_exchange(answer: Answer) -> bool:
    """Say whether a stack's mounts can show more of what an answer is about."""
    return not answer.refusals or any(each.rule in exchange.RULES for each in answer.refusals)


def of_token(read: Token, *, typed: bool) -> Answer:
    """Say what stands in a token, and what AWS would refuse it for.

    Args:
        read: The token.
        typed: Whether it was an argument, which others see.
    """
    answer = Answer(
        kind="token",
        warnings=[f"{KEEP_IT}. {ARGUMENT}" if typed else KEEP_IT, UNVERIFIED],
        said={
            "header": read.header,
            "claims": read.claims,
            "times": {
                claim: token.moment(read.claims[claim])
                for claim in token.TIMES
                if type(read.claims.get(claim)) is int
            },
            "mount": token.mount(read),
            "verified": False,
        },
        problems=token.problems(read, dt.datetime.now(dt.UTC)),
        fine="AWS would take its form, times and algorithm",
    )
    if not token.mount(read):
        answer.warnings.append("its subject is not one that Vault gives to the tokens of a mount")
    return answer


def of_trust(
    document: Mapping[str, Any], judged: Sequence[tuple[str, Mapping[str, Any]]]
) -> Answer:
    """Say whom a trust policy admits, and which of its clauses claims fail.

    Args:
        document: The trust policy.
        judged: Whose claims, and the claims; who fails is a problem, unless another is admitted.
    """
    answer = Answer(
        kind="trust",
        said={"asks": trust_reading.wanted(document), "admits": []},
        problems=trust_reading.doubts(document),
        fine="no clause is one that can never hold" if not judged else "",
    )
    failing = []
    for who, claims in judged:
        clauses = trust.explain(document, str(claims["iss"]), claims)
        if clauses:
            failing += [f"{who}: {clause}" for clause in clauses]
        else:
            answer.said["admits"].append(who)
    if not answer.said["admits"]:
        answer.problems += failing
    return answer


def of_stack(looks: list[Look]) -> Answer:
    """Say what AWS holds of a stack's mounts against what Vault presents."""
    return Answer(
        kind="stack", looks=looks, fine="AWS holds what these mounts need, as far as can be seen"
    )
