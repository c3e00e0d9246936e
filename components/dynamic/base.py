"""The shapes that the program's own resources have: what they record, watch, check and keep."""

from __future__ import annotations

import logging
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown
from pulumi.runtime import rpc

from clients.errors import CloudError, VaultUnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

Props = dict[str, Any]


class InUseError(Exception):
    """Others need what is to be deleted; the message says who, and what to do."""


class Recorder(ResourceProvider):
    """Records its inputs, after it has done with them what it is for.

    Module path and class name of whatever inherits from it stand in the state: renaming either
    orphans existing resources.
    """

    serialize_as_secret_always = False  # holds nothing itself; what it is given may be secret

    INPUTS: ClassVar[tuple[str, ...]]
    """Names of the inputs; what is left out of them by a program is not recorded."""
    REPLACED_BY: ClassVar[tuple[str, ...]] = ()
    """Inputs that mean another resource; all others are only a way to get there."""

    def identify(self, props: Props) -> str:
        """Return the id."""
        raise NotImplementedError

    def apply(self, props: Props) -> None:
        """Do at creation and at every change what the resource is for, or raise."""

    def asked(self, props: Props) -> Props:
        """Return the inputs alone."""
        return {key: props[key] for key in self.INPUTS if props.get(key) is not None}

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Name what replaces; what has changed, the engine sees by itself, and shows in full."""
        replaces = [key for key in self.REPLACED_BY if olds.get(key) != news.get(key)]
        return DiffResult(replaces=replaces)

    def create(self, props: Props) -> CreateResult:
        """Apply, and record."""
        self.apply(props)
        return CreateResult(self.identify(props), self.asked(props))

    def update(self, _id: str, _olds: Props, news: Props) -> UpdateResult:
        """Apply, and record."""
        self.apply(news)
        return UpdateResult(self.asked(news))


class Watcher(Recorder):
    """Is also looked at before every preview, update and destroy."""

    def noun(self, props: Props) -> str:
        """Return what it is, for a person."""
        raise NotImplementedError

    def held(self, props: Props) -> Props:
        """Return what is really there in place of what was declared.

        Raises:
            CloudError: It cannot be looked at.
        """
        raise NotImplementedError

    def read(self, id_: str, props: Props) -> ReadResult:
        """Put what is there in place of what was declared, so that the next diff shows it.

        Never raises: it runs before every update and destroy, also before the one that mends. What
        cannot be looked at is taken to be as recorded.
        """
        held = dict(props)
        try:
            held |= self.held(props)
        except CloudError as error:
            log.warning("%s not looked up: %s", self.noun(props), error)
        outputs = {key: value for key, value in held.items() if not key.startswith("__")}
        return ReadResult(id_, outputs, inputs=self.asked(held))


class Check(Recorder):
    """Refuses in ``check``, the one call that preview and update make before anything else.

    There it refuses what belongs to others, and what is relied upon but not there. What the state
    remembers of it tells a stack's own from another's.
    """

    SUBJECT: ClassVar[str]
    """The input that it is about when nobody can be asked."""

    def problems(self, olds: Props, news: Props) -> Iterable[CheckFailure]:
        """Return what speaks against ``news``; ``olds`` are the inputs that the state remembers."""
        raise NotImplementedError

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Refuse, all at once; what depends on something still to be made is let through."""
        asked = self.asked(news)
        unknown = {key: rpc.UNKNOWN for key, value in asked.items() if not is_known(value)}
        if unknown:
            return CheckResult(asked | unknown, [])
        try:
            failures = list(self.problems(olds, asked))
        except CloudError as error:
            failures = [CheckFailure(self.SUBJECT, str(error))]
        return CheckResult(asked, failures)


class Guard(Recorder):
    """Stands between a thing and all that needs it: is destroyed after those and before the thing.

    It is not destroyed while others need the thing, too.
    """

    def others(self, props: Props) -> str:
        """Say who else needs it and what to do; empty if nobody does."""
        raise NotImplementedError

    def delete(self, _id: str, props: Props) -> None:
        """Refuse while others need it.

        A Vault that does not answer is no obstacle: it may be gone for good, and as long as it is
        merely away, nothing in it can be deleted either.
        """
        try:
            needed = self.others(props)
        except VaultUnreachableError as error:
            log.warning("other users of %s were not looked for: %s", self.identify(props), error)
            return
        if needed:
            raise InUseError(needed)


def is_known(value: object) -> bool:
    """Tell whether an input is known: one that is not arrives as an object or as a mark."""
    return not isinstance(value, Unknown) and value != rpc.UNKNOWN


def names(*args: type[Any]) -> tuple[str, ...]:
    """Return the names of the inputs that dataclasses describe."""
    return tuple(field.name for each in args for field in fields(each) if field.name != "account")


def inputs(args: object) -> Props:
    """Return the inputs that a dataclass gives, the way to an account among the others."""
    found: Props = {}
    for field in fields(args):  # type: ignore[arg-type] # every caller gives a dataclass
        value = getattr(args, field.name)
        found |= inputs(value) if is_dataclass(value) else {field.name: value}
    return {key: value for key, value in found.items() if value is not None}
