"""The rules as policies of Pulumi's SDK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policies.guardrails.rules import RULES
from policies.guardrails.rules.rule import Resource, Rule

_EXCEPT: Final = {
    "type": "array",
    "items": {"type": "string"},
    "default": [],
    "description": "Logical names of resources that the rule does not hold for.",
}


def policies() -> list[Any]:
    """Return every guardrail, mandatory unless the pack's configuration says otherwise."""
    return [_policy(rule) for rule in RULES]


def _policy(rule: Rule) -> ResourceValidationPolicy:
    schema = {name: dict(said) for name, said in (*rule.settings.items(), ("except", _EXCEPT))}
    defaults = {name: said["default"] for name, said in schema.items()}

    def settings(args: ResourceValidationArgs) -> Mapping[str, Any]:
        return {**defaults, **args.get_config()}

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        configured = settings(args)
        if args.name in configured["except"]:
            return
        try:
            for told in rule.judge(_seen(args), configured):
                report(f"{args.name} {told}. {rule.remedy}.", None)
        except ValueError as error:
            report(f"{args.name} cannot be judged: it {error}. {rule.remedy}.", None)

    def remediate(args: ResourceValidationArgs) -> Any:  # noqa: ANN401 - the SDK names its awaitable
        configured = settings(args)
        if rule.mend is None or args.name in configured["except"]:
            return None
        mended: Any = args.props
        changes = rule.mend(_seen(args), configured)
        for name, value in changes.items():
            # In place, for a copy would have to read what a preview does not know.
            mended[name] = value
        return mended if changes else None

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.promise,
        validate=validate,
        remediate=remediate if rule.mend else None,
        enforcement_level=EnforcementLevel.MANDATORY,
        config_schema=PolicyConfigSchema(schema),
        remediation_steps=f"{rule.remedy}.",
    )


def _seen(args: ResourceValidationArgs) -> Resource:
    return Resource(
        type=args.resource_type,
        name=args.name,
        props=args.props,
        provider=args.provider.name if args.provider else None,
        protect=args.opts.protect,
        texts=lambda: _texts("", args.props),
    )


def _texts(path: str, value: object) -> Iterator[tuple[str, str]]:
    """Give each text within a value that is known, with its path."""
    if isinstance(value, str):
        yield path.removeprefix("."), value
    elif isinstance(value, Mapping | Sequence):
        for key in value if isinstance(value, Mapping) else range(len(value)):
            try:
                inner = value[key]
            except UnknownValueError:
                # The next run judges it: an update knows every input.
                continue
            yield from _texts(f"{path}.{key}", inner)
