"""What every section of the settings is, and the one way in which all are read.

A section is a strict frozen model, each rule at the field it is about; what sections say about
each other is checked in ``checks.py``. Messages begin with a verb, for key and value stand before
them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from federation import names
from settings.fields import text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from settings.fields import Shape
    from settings.problems import Key, Problems

_ALLOWED = {
    "missing": "is missing",
    "string_type": "must be text, in quotes",
    "int_type": "must be a whole number, without quotes",
    "bool_type": "must be true or false",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "mapping_type": "must be an object",
    "tuple_type": "must be a list",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "too_long": "must hold at most {max_length}",
    "value_error": "{error}",
}
"""What is allowed, by pydantic's name of the problem; its own texts quote inputs."""

_FIRST_TO_DIFFER = 8
"""The first number that octal and decimal write differently."""


class Section(BaseModel):
    """A part of the settings; it also knows which keys people expect in vain, and why."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        hide_input_in_errors=True,
    )
    refused: ClassVar[Mapping[str, str]] = {}

    @field_validator("*", mode="after")
    @classmethod
    def _keep(cls, value: object, info: ValidationInfo[Place]) -> object:
        if info.field_name:
            info.context.sound[info.field_name] = value
        return value

    @classmethod
    def model_for(cls, key: Key, problems: Problems) -> type[Self] | None:  # noqa: ARG003 - for others
        """Return the model that reads what stands under a key: this one, or one of its kinds.

        It may also note what only the section as it was written tells; it returns None if it noted
        that no model reads it.
        """
        return cls

    def require_whole(self) -> None:
        """Raise AttributeError where a field is missing, as it is wrong."""
        for name in type(self).model_fields:
            getattr(self, name)

    @classmethod
    def held(cls) -> Iterator[tuple[str, str, type[Entry]]]:
        """Tell fields that hold entries, by name and as the settings spell it, and of which model.

        They are the ones annotated ``Mapping[str, <model of an entry>]``.
        """
        for name, described in cls.model_fields.items():
            for kind in get_args(described.annotation):
                if isinstance(kind, type) and issubclass(kind, Entry):
                    yield name, str(described.alias), kind


class Entry(Section):
    """A section with a name, which people choose and others call it by."""

    check_name: ClassVar[Callable[[str], None]] = names.check_key
    """Raises ValueError if a name cannot be part of physical names."""
    name_shape: ClassVar[Shape] = text(names.KEY, names.check_key)
    """What editors check of a name."""
    _key: Key = PrivateAttr()

    def model_post_init(self, context: Place | None) -> None:
        """Remember where it stands."""
        if context:
            self._key = context.key

    def at(self, key: Key) -> None:
        """Remember where it stands."""
        self._key = key

    @property
    def key(self) -> Key:
        """Where it stands, for messages."""
        return self._key

    @property
    def name(self) -> str:
        """What others call it by."""
        return str(self._key[-1])


S = TypeVar("S", bound=Section)
E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a section is read: the context of its validation."""

    key: Key
    reading: Reading
    sound: dict[str, object] = field(default_factory=dict)
    """Its fields that are right by themselves, for when others are not."""


class Reading:
    """Reads sections one after the other; each may ask for those before it.

    Args:
        problems: What was written; every problem is noted there.
        stack: Name of the stack.
        root: Folder that policy files are named from.
    """

    def __init__(self, problems: Problems, *, stack: str, root: Path) -> None:
        self.problems, self.stack, self.root = problems, stack, root
        self._found: dict[Key, Section] = {}
        self.partial: dict[Key, Section] = {}
        """Sections of which only some fields are right: the others are no attributes of them."""

    def found(self, model: type[S], *key: str) -> S | None:
        """Return a section that was read before; None if there is none or it is wrong itself."""
        section = self._found.get(key)
        return section if isinstance(section, model) else None

    def section(self, model: type[S], *key: str) -> S | None:
        """Read one section; None if something is wrong with it, which is then noted.

        What has a name within it is read apart, so that none hides another's problems, and sorted.
        """
        raw = self.problems.written(key)
        if not isinstance(raw, dict):
            self.problems.add(key, "must be an object")
            return None
        kind = model.model_for(key, self.problems)
        if kind is None:
            return None
        apart = {alias: (name, entry) for name, alias, entry in kind.held()}
        held = {
            name: dict(sorted(self.entries(entry, *key, alias).items()))
            for alias, (name, entry) in apart.items()
        }
        own = self._parsed(kind, {name: raw[name] for name in raw if name not in apart}, key)
        if own is not None:
            own = self._found[key] = own.model_copy(update=held)
        elif key in self.partial:
            self.partial[key] = self.partial[key].model_copy(update=held)
        return own

    def entries(self, model: type[E], *key: str) -> dict[str, E]:
        """Read what has a name each; those with which nothing is wrong."""
        sound = {}
        for name in self.problems.entries(*key):
            named = self._name_is_sound(model, *key, name)
            entry = self.section(model, *key, name)
            if named and entry is not None:
                sound[name] = entry
        return sound

    def _name_is_sound(self, model: type[Entry], *key: str) -> bool:
        try:
            model.check_name(key[-1])
        except ValueError as error:
            self.problems.add(key, str(error))
            return False
        return True

    def _parsed(self, model: type[S], own: Mapping[str, Any], key: Key) -> S | None:
        place = Place(key, self)
        try:
            return model.model_validate_json(json.dumps(own), context=place)
        except ValidationError as error:
            wrong = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
            self.partial[key] = _partial(model, place, wrong)
            known = {name: str(field.alias) for name, field in model.model_fields.items()}
            for problem in error.errors(include_url=False):
                # Where a default is what is wrong, pydantic spells a field by its name.
                where = (*key, *(known.get(str(part), part) for part in problem["loc"]))
                kind, value = problem["type"], problem["input"]
                if kind == "extra_forbidden":
                    self.problems.unknown(where, known.values(), model.refused)
                    continue
                allowed = _ALLOWED.get(kind, "is not what this key takes")
                if kind == "string_type" and not self.problems.hidden(where):
                    allowed += _before_yaml(value)
                told = kind != "missing" and not isinstance(value, dict | list | tuple)
                shown = (value,) if told else ()
                self.problems.add(where, allowed.format(**problem.get("ctx", {})), *shown)
        return None


def _partial(model: type[S], place: Place, wrong: Collection[str]) -> S:
    """Return a section whose wrong fields are missing, so that nobody takes a default for them."""
    names = {str(field.alias): name for name, field in model.model_fields.items()}
    without = {names.get(alias, alias) for alias in wrong}
    kept = (place.sound.keys() & model.model_fields.keys()) - without
    known: dict[str, Any] = {
        str(model.model_fields[name].alias): place.sound[name] for name in kept
    }
    partial = cast("S", model.model_construct(None, **known))
    for name in without & model.model_fields.keys():
        partial.__dict__.pop(name, None)
    if isinstance(partial, Entry):
        partial.at(place.key)
    return partial


def _before_yaml(value: object) -> str:
    """Say what a number may have been before YAML read it, if that is another."""
    if isinstance(value, bool) or not isinstance(value, int) or value < _FIRST_TO_DIFFER:
        return ""
    return f"; if 0{value:o} was written: YAML reads what begins with 0 as octal"
