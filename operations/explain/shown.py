"""An answer as a person reads it."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from federation.knowledge import Explanation, Step
    from operations.explain.answer import Answer
    from operations.explain.mounts import Look

WIDEST = 100


def lines(answer: Answer) -> Iterator[str]:
    """Return the lines of an answer; commands are never broken, so that they can be copied."""
    for refusal in answer.refusals:
        yield from _refusal(refusal)
    if answer.kind == "token":
        yield from _token(answer.said)
    if answer.kind == "trust":
        yield from answer.said["asks"]
        yield ""
        yield from (f"Admitted: {who}" for who in answer.said["admits"])
    for look in answer.looks:
        yield from _look(look)
    for warning in answer.warnings:
        yield from _wrapped(f"Note: {warning}.", "", "  ")
    if answer.problems:
        yield "What is wrong"
        for problem in answer.problems:
            yield from _wrapped(f"- {problem}", "  ", "    ")
        if answer.look:
            yield "  What to do"
        yield from _steps(answer.look)
    elif answer.fine and not answer.wrong:
        yield from _wrapped(f"{answer.fine[0].upper()}{answer.fine[1:]}.", "", "")


def _refusal(refusal: Explanation) -> Iterator[str]:
    rule = refusal.rule
    who = f"{rule.says} ({', '.join(rule.codes)})" if rule.codes else rule.says
    yield from _wrapped(f"{who}: {rule.meaning}.", "", "")
    yield ""
    yield "  Why, the likeliest first"
    for cause in rule.causes:
        yield from _wrapped(f"- {cause}", "    ", "      ")
    yield "  What to do"
    yield from _steps(refusal.remedy)
    yield from _wrapped(f"Source: {rule.source}", "  ", "    ")
    yield ""


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        yield from _wrapped(f"{number}. {step.do}", "    ", "       ")
        if step.command:
            yield f"         {step.command}"


def _token(said: dict[str, Any]) -> Iterator[str]:
    yield "What the token says of itself"
    for part in ("header", "claims"):
        for name, value in said[part].items():
            when = said["times"].get(name) if part == "claims" else None
            yield f"  {name:<12} {value}{f' ({when})' if when else ''}"
    if said["mount"]:
        mount = said["mount"]
        kind = {"secret": "secrets engine", "auth": "auth method"}.get(
            mount["mount_class"], "mount"
        )
        yield (
            f"  It is of the {kind} with the accessor {mount['accessor']}, in the namespace with "
            f"the id {mount['namespace_id']}."
        )
    yield ""


def _look(look: Look) -> Iterator[str]:
    seen = look.seen
    yield f"Mount {look.mount.name}"
    yield f"  issuer       {look.mount.exchange.issuer}"
    yield f"  role         {seen.role_arn}"
    yield f"  presented    {seen.presented or 'not read'} ({seen.host})"
    yield f"  AWS lists    {', '.join(seen.listed) or 'none'}"
    yield f"  stack has    {', '.join(look.mount.declared) or 'none'}"
    for warning in look.warnings:
        yield from _wrapped(f"- note: {warning}", "  ", "    ")
    for problem in look.problems:
        yield from _wrapped(f"- wrong: {problem}", "  ", "    ")
    yield ""


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    width = min(shutil.get_terminal_size().columns, WIDEST)
    return textwrap.wrap(
        text,
        width=width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
