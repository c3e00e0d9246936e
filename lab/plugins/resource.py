"""What one resource type declares, and how a change of its inputs is judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from lab.plugins.values import DEFAULTS, UNKNOWN, Values, has_unknown, same, same_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Session = TypeVar("Session")

TAINTED = "__tainted"
"""Output that marks a resource whose creation stopped halfway: it is to be replaced."""


class ProviderError(Exception):
    """An operation failed; the text is for the person who runs Pulumi, without secrets."""


class Incomplete(ProviderError):  # noqa: N818 - a state of the resource, not only an error
    """A resource exists, but its creation stopped halfway.

    The engine keeps what exists in its state together with the reason.
    """

    def __init__(self, identifier: str, outputs: Values, reason: str) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.outputs = outputs


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a resource type and what the official plugin does when it changes."""

    required: bool = False
    default: Any = None
    """Value that stands when the program gives none."""
    replace: bool | Callable[[Values, Values], bool] = False
    """Whether a change replaces the resource; may depend on the old state and the new inputs."""
    computed: bool = False
    """Left out by the program, the value in force is kept and is no change."""
    derived: bool = False
    """Worked out by the plugin; a program cannot give it."""
    secret: bool = False
    same: Callable[[Any, Any], bool] = same

    def replaces(self, old: Values, new: Values) -> bool:
        """Tell whether this input's change from ``old`` to ``new`` replaces the resource."""
        return self.replace if isinstance(self.replace, bool) else self.replace(old, new)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Judgement of new inputs against a recorded state."""

    changed: frozenset[str]
    replaces: tuple[str, ...]
    delete_first: bool


class Resource(ABC, Generic[Session]):
    """One resource type; an instance serves one request of the engine.

    ``create``, ``read``, ``update`` and ``delete`` make calls and run in a thread of their own;
    everything else works on what the engine sent and makes none.
    """

    token: ClassVar[str]
    inputs: ClassVar[Mapping[str, Input]]
    outputs: ClassVar[tuple[str, ...]] = ()
    """What only the service can tell."""
    recomputed: ClassVar[tuple[str, ...]] = ()
    """Outputs that every update may change."""
    name_input: ClassVar[str | None] = None
    """Input that gets a name with a random suffix when the program gives none."""
    keeps_failed_update: ClassVar[bool] = True
    """Whether a failed update leaves the new values in the state, as the official aws and vault
    plugins do, so that only a refresh shows what was never written."""

    def __init__(self, session: Session, urn: str) -> None:
        self.session = session
        self.urn = urn

    @abstractmethod
    def create(self, planned: Values) -> str:
        """Make the resource and return its identifier."""

    @abstractmethod
    def read(self, identifier: str, state: Values) -> Values | None:
        """Return the outputs as they are now, or None when there is no such resource."""

    @abstractmethod
    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Bring the resource from ``old`` to ``planned``; return what it is called from now on."""

    @abstractmethod
    def delete(self, identifier: str, state: Values) -> None:
        """Remove the resource; removing one that is gone is as the official plugin has it."""

    def written(self, identifier: str, planned: Values) -> Values:
        """Return the outputs of what was just written."""
        outputs = self.read(identifier, planned)
        if outputs is None:
            raise ProviderError(f"{identifier} was written, but reading it finds nothing")
        return outputs

    def complete(self, news: Values) -> Values:
        """Return ``news`` with derived inputs added."""
        return news

    def plan(self, old: Values, news: Values, *, missing: str | None = None) -> Values:
        """Return the state that ``news`` should lead to.

        Args:
            old: outputs in force; empty before creation.
            news: inputs of the program.
            missing: what to put for a value that is not known before creation.
        """
        news = self.complete(news)
        planned: Values = {}
        for key, spec in self.inputs.items():
            value = news.get(key)
            if value is None:
                value = spec.default
            if value is None and spec.computed:
                value = old.get(key, missing)
            planned[key] = value
        planned |= {key: old.get(key, missing) for key in self.outputs}
        return {key: value for key, value in planned.items() if value is not None}

    def changed(self, old: Values, planned: Values) -> set[str]:
        """Return the inputs in which ``planned`` differs from ``old``."""
        return {
            key
            for key, spec in self.inputs.items()
            if has_unknown(planned.get(key)) or not spec.same(old.get(key), planned.get(key))
        }

    def judge(self, old: Values, news: Values) -> Difference:
        """Judge ``news`` against the recorded outputs ``old``."""
        planned = self.plan(old, news)
        changed = self.changed(old, planned)
        replaces = [key for key in sorted(changed) if self.inputs[key].replaces(old, planned)]
        if old.get(TAINTED):
            replaces.append(TAINTED)
        return Difference(
            changed=frozenset(changed | set(replaces)),
            replaces=tuple(replaces),
            delete_first=bool(replaces) and self._keeps_its_name(old, news),
        )

    def settle(self, planned: Values, outputs: Values) -> Values:
        """Return what is recorded after a write that answered with ``outputs``.

        Sets are recorded as planned and not as read: Terraform's SDK takes a set whose members
        were known to be what the provider applied. So a set that was never written, because an
        earlier update failed, stays unnoticed until a refresh.
        """
        sets = {key for key, spec in self.inputs.items() if spec.same is same_set}
        kept = {key: value for key, value in planned.items() if key in sets and value != UNKNOWN}
        return self.normalise(planned, outputs) | kept

    def normalise(self, state: Values, outputs: Values) -> Values:
        """Return what the type knows of ``outputs``, spelled as in ``state`` where both agree."""
        known = {*self.inputs, *self.outputs}
        spelled = {
            key: state[key]
            for key, spec in self.inputs.items()
            if key in state and key in outputs and spec.same(state[key], outputs[key])
        }
        return {
            key: value
            for key, value in (outputs | spelled).items()
            if key in known and value is not None
        }

    def as_inputs(self, old_inputs: Values, outputs: Values) -> Values:
        """Return the inputs a program would give for ``outputs``.

        After a refresh these are the inputs it gave before; for an import, which has none, those
        that are required or differ from what stands without them.
        """
        keys = set(old_inputs) & set(self.inputs)
        if not keys:
            keys = {
                key
                for key, spec in self.inputs.items()
                if not spec.derived and (spec.required or not same(outputs.get(key), spec.default))
            }
        inputs = {key: outputs[key] for key in keys if outputs.get(key) is not None}
        if DEFAULTS in old_inputs:
            inputs[DEFAULTS] = old_inputs[DEFAULTS]
        return inputs

    def hidden(self, given: set[str]) -> set[str]:
        """Return which properties are secret when those in ``given`` were given as secrets."""
        return given | {key for key, spec in self.inputs.items() if spec.secret}

    def _keeps_its_name(self, old: Values, news: Values) -> bool:
        """A name given by the program cannot be held by two resources: the old one goes first."""
        name = self.name_input
        if name is None or name in news.get(DEFAULTS, ()):
            return False
        return bool(old.get(name) == news.get(name))
