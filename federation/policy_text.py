"""What stands inside an identity policy as text: values of conditions, variables, resources.

Each check says what is wrong as the rest of a sentence, or nothing. IAM refuses some of it when the
policy is written; the rest it takes, and the statement then never applies.
"""

import base64
import binascii
import difflib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network

from federation.regions import partitions

_GLOBAL_KEYS = (
    *("aws:AssumedRoot", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:ChatbotSourceArn"),
    *("aws:CurrentTime", "aws:Ec2InstanceSourcePrivateIPv4", "aws:Ec2InstanceSourceVpc"),
    *("aws:EpochTime", "aws:FederatedProvider", "aws:MultiFactorAuthAge"),
    *("aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn"),
    *("aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalServiceName"),
    *("aws:PrincipalType", "aws:Referer", "aws:RequestedRegion", "aws:ResourceAccount"),
    *("aws:ResourceOrgID", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn"),
    *("aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID", "aws:SourceOwner"),
    *("aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce", "aws:TokenIssueTime"),
    *("aws:UserAgent", "aws:UserId", "aws:Username", "aws:ViaAWSService"),
    *("aws:VpcSourceIp", "aws:VpceAccount", "aws:VpceOrgID"),
)
"""IAM User Guide, "AWS global condition context keys": those with one value."""
_TAG_KEYS = ("aws:PrincipalTag/", "aws:RequestTag/", "aws:ResourceTag/")

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE_BODY = re.compile(r"[*?$]|(?P<key>[\w.=+@ -]+:[\w:/.=+@ -]+?)(\s*,\s*'[^']*')?")
_MONTH = re.compile(r"\d{4}-\d{2}")
_RESOURCE = re.compile(r"\*|arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S(.*\S)?")


def resource_problem(text: str) -> str:
    """Say what is wrong with one value of Resource or NotResource."""
    if not _RESOURCE.fullmatch(text):
        return "must be an ARN or *"
    if text == "*":
        return ""
    before = text.split(":", 5)[:5]
    if any("${" in part for part in before):
        return "may have a variable after the fifth colon only, for IAM reads none before"
    if before[1] not in ("*", *partitions()):
        return f"must be in a partition of AWS: {', '.join(partitions())}"
    return variable_problem(text)


def variable_problem(text: str) -> str:
    """Say what is wrong with the policy variables in a text (IAM User Guide, "Variables")."""
    if "${" in _VARIABLE.sub("", text):
        return "has a policy variable without a closing brace"
    for found in _VARIABLE.finditer(text):
        body = _VARIABLE_BODY.fullmatch(found[1])
        if body is None:
            return (
                f"has the policy variable {found[0]}, which must be ${{key}}, "
                "${key, 'default'}, ${*}, ${?} or ${$}"
            )
        key = (body["key"] or "").lower()  # IAM compares keys without case
        known = {name.lower(): name for name in (*_GLOBAL_KEYS, *_TAG_KEYS)}
        if key.startswith("aws:") and not (
            key in known or key.startswith(tuple(name.lower() for name in _TAG_KEYS))
        ):
            close = difflib.get_close_matches(key, known, n=1)
            meant = f"; did you mean {known[close[0]]}?" if close else ""
            return f"has the policy variable {found[0]}, which AWS does not know{meant}"
    return ""


def condition_value_problem(operator: str, value: str | float) -> str:
    """Say what is wrong with one value of a condition.

    Args:
        operator: Without its modifiers.
        value: As JSON has it: text, a number or a boolean, all three of which IAM takes (IAM User
            Guide, "Grammar of the IAM JSON policy language", ``condition_value_string``).
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    for beginnings, reads, allowed in _TYPES:
        if operator.startswith(beginnings):
            try:
                reads(text)
            except (ValueError, OverflowError, InvalidOperation, binascii.Error):
                return f"must be {allowed}"
            return ""
    return variable_problem(text)


def _boolean(text: str) -> None:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)


def _number(text: str) -> None:
    if not Decimal(text).is_finite():
        raise ValueError(text)


def _moment(text: str) -> None:
    if text.isascii() and text.isdigit():
        datetime.fromtimestamp(int(text), UTC)
    else:
        datetime.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)


def _binary(text: str) -> None:
    base64.b64decode(text, validate=True)


_TYPES: tuple[tuple[tuple[str, ...], Callable[[str], object], str], ...] = (
    (("Numeric",), _number, "a number"),
    (("Date",), _moment, "a date such as 2030-01-31T00:00:00Z, or seconds since 1970"),
    (("Bool", "Null"), _boolean, "true or false"),
    (("Binary",), _binary, "text in base64"),
    (("IpAddress", "NotIpAddress"), ip_network, "an IP address or a network such as 10.0.0.0/8"),
)
"""How values are read by the beginning of their operator, and what is allowed; others are text."""
