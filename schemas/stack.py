"""The JSON Schema of a stack's file, made from the models that read it.

It is what editors complete and check while somebody types: as much of the models as the shape of
one value or one object tells. What values say about each other, what stands in policy files and
what AWS knows by name, a preview tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from federation import names
from schemas.described import described
from settings import (
    NEEDED,
    AccountSettings,
    AuthMethodSettings,
    HumanLoginSettings,
    SecretsEngineSettings,
    TargetRoleSettings,
    VaultSettings,
)
from settings.auth_method import LoginRoleSettings, StsRoleSettings
from settings.fields import text
from settings.human_login import PeopleGroupSettings
from settings.problems import HIDDEN
from settings.vault_role import AssumedRoleSettings, IamUserSettings, VaultRoleSettings

if TYPE_CHECKING:
    from pydantic_core import core_schema

    from settings.section import Entry, Section

Schema = dict[str, Any]

PROJECT = "vault-aws-federation"
SECTIONS: dict[str, type[Section]] = {
    "vault": VaultSettings,
    "accounts": AccountSettings,
    "targetRoles": TargetRoleSettings,
    "secretsEngines": SecretsEngineSettings,
    "authMethods": AuthMethodSettings,
    "humanLogins": HumanLoginSettings,
}
"""The model of each section, or of what a section holds by name."""
MODELS: tuple[type[Section], ...] = (
    *SECTIONS.values(),
    IamUserSettings,
    AssumedRoleSettings,
    LoginRoleSettings,
    StsRoleSettings,
    PeopleGroupSettings,
)
"""Every model that reads something."""
_KINDS: tuple[type[VaultRoleSettings], ...] = (IamUserSettings, AssumedRoleSettings)

_ENCRYPTED = {"$ref": "#/$defs/Encrypted"}
_CLIENT_SECRETS = {
    "description": "The client secret of each login of `humanLogins`, by its name; each typed by "
    f"`pulumi config set --secret --path '{PROJECT}:humanLoginSecrets.<login>'`.",
    "type": ["object", "null"],
    "propertyNames": text(names.KEY, names.check_key),
    "additionalProperties": _ENCRYPTED,
}
_OWN_KEY = rf"^(?:{PROJECT}:|[^:]*$)"
"""The engine takes a key without any namespace for one of the project."""


def of_stack() -> Schema:
    """Return the JSON Schema (draft 2020-12) of ``Pulumi.<stack>.yaml``."""
    sections = {name: _section(name, model) for name, model in SECTIONS.items()}
    sections["humanLoginSecrets"] = {"anyOf": [_CLIENT_SECRETS, _ENCRYPTED]}
    full = {f"{PROJECT}:{name}": section for name, section in sections.items()}
    short = {name: {"$ref": f"#{_place(name)}", "doNotSuggest": True} for name in sections}
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "A stack of vault-aws-federation",
        "description": "Made by `make schema` from the models in settings/: change those.",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "properties": {**full, **short},
                "allOf": [
                    {"anyOf": [{"required": [f"{PROJECT}:{name}"]}, {"required": [name]}]}
                    for name in NEEDED
                ],
                "propertyNames": {
                    "if": {"pattern": _OWN_KEY},
                    "then": {"enum": [*full, *short]},
                },
            }
        },
        "$defs": {**definitions(), "Encrypted": _encrypted()},
    }


def definitions() -> dict[str, Schema]:
    """Return the schema of each model by its name, complete but for what it refers to."""
    _, whole = models_json_schema(
        [(model, "validation") for model in MODELS], schema_generator=_Brief
    )
    found: dict[str, Schema] = whole["$defs"]
    for model in MODELS:
        _complete(found[model.__name__], model)
    found[VaultRoleSettings.__name__] = {
        "type": "object",
        "required": ["credentialType"],
        "properties": {"credentialType": {"enum": [kind.makes.credential_type for kind in _KINDS]}},
        "anyOf": [_reference(kind) for kind in _KINDS],
    }
    return found


def _complete(schema: Schema, model: type[Section]) -> None:
    """Add to pydantic's schema of a model what only the model's own class tells."""
    fields, told = schema["properties"], described(model)
    for name, field in model.model_fields.items():
        fields[str(field.alias)]["description"] = told[name]
    for _, alias, kind in model.held():
        fields[alias] |= _entries(kind)
    for alias in HIDDEN & fields.keys():
        fields[alias]["anyOf"].append(_ENCRYPTED)
    for key, reason in model.refused.items():
        fields[key] = {"not": {}, "description": reason, "doNotSuggest": True}


def _section(name: str, model: type[Section]) -> Schema:
    if name == "vault":
        return _reference(model)
    entries = _entries(cast("type[Entry]", model))
    return entries | ({"type": "object"} if name in NEEDED else {})


def _entries(kind: type[Entry]) -> Schema:
    """Return the schema of what stands by name; nothing at all, which YAML calls null, is none."""
    return {
        "type": ["object", "null"],
        "propertyNames": kind.name_shape,
        "additionalProperties": _reference(kind),
    }


def _reference(model: type[Section]) -> Schema:
    return {"$ref": f"#/$defs/{model.__name__}"}


def _place(section: str) -> str:
    return f"/properties/config/properties/{PROJECT}:{section}"


def _encrypted() -> Schema:
    return {
        "description": "A secret, encrypted by `pulumi config set --secret`.",
        "type": "object",
        "required": ["secure"],
        "properties": {"secure": {"type": "string"}},
        "additionalProperties": False,
    }


class _Brief(GenerateJsonSchema):
    """Leaves out what tells a person nothing: titles made of names, defaults that are none."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        return {key: value for key, value in super().model_schema(schema).items() if key != "title"}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        return {
            key: value
            for key, value in super().default_schema(schema).items()
            if (key, value) != ("default", None)
        }
