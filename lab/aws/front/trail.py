"""What CloudTrail records of calls to IAM and STS, and its LookupEvents, from the decision log.

Sources: CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element";
IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail"; CloudTrail API Reference,
LookupEvents.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from lab.aws.front.actions import AuthorizationNeed
from lab.aws.front.wire import Answer, ApiError
from lab.aws.judgement.authorize import not_served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lab.aws.front.endpoints import Endpoint
    from lab.aws.front.wire import Message
    from lab.aws.judgement.principals import Caller
    from lab.aws.state.store import State

SERVICE: Final = "cloudtrail"
RECORDED: Final = frozenset({"iam", "sts"})
"""Whose calls the laboratory records."""
MOST: Final = 50
A_SECOND: Final = 2
"""Look-ups that an account may make in a region."""
_TOLD: Final = ("UserName", "RoleName", "RoleArn", "RoleSessionName", "GroupName", "PolicyArn")
_TOLD_TOO: Final = ("Path", "PolicyName", "AccessKeyId", "OpenIDConnectProviderArn", "ExternalId")
"""Parameters that a record repeats; none of them is a secret, or a document."""
_READING: Final = ("Get", "List")
_KEY: Final = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
_ATTRIBUTES: Final = (
    *("EventId", "EventName", "ReadOnly", "Username"),
    *("ResourceType", "ResourceName", "EventSource", "AccessKeyId"),
)


def record(  # noqa: PLR0913 - a call and its answer
    message: Message,
    endpoint: Endpoint,
    operation: str,
    *,
    caller: Caller | None,
    given: Mapping[str, Any],
    answer: Answer,
) -> dict[str, Any] | None:
    """Return what CloudTrail tells of a call beside its time; None for what it does not record.

    Args:
        message: The request.
        endpoint: Where it was made.
        operation: Its name.
        caller: Who signed it; None where nobody did, or nobody whom AWS knows.
        given: What STS answers, if it does.
        answer: The answer.
    """
    named = given.get("Provider") is not None or operation == "AssumeRoleWithWebIdentity"
    if endpoint.service not in RECORDED or (caller is None and not named):
        return None
    asked = {
        f"{name[0].lower()}{name[1:]}": message.parameters[name]
        for name in (*_TOLD, *_TOLD_TOO)
        if name in message.parameters
    }
    return {
        "userIdentity": _user(caller) if caller else _web_identity(given),
        "eventSource": f"{endpoint.service}.amazonaws.com",
        "eventName": operation,
        "awsRegion": endpoint.region or (caller.account.region if caller else "us-east-1"),
        "requestParameters": asked or None,
        "responseElements": _given(operation, given, answer),
        "readOnly": operation.startswith(_READING),
    }


def _user(caller: Caller) -> dict[str, Any]:
    session = caller.session
    known = {
        "type": "AssumedRole" if session and session.kind == "role" else "IAMUser",
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account.id,
    }
    if session is None or session.kind != "role":
        return {**known, "userName": caller.user_name}
    provider = session.federated_provider
    issuer = {
        "type": "Role",
        "principalId": session.role_id,
        "arn": session.role_arn,
        "accountId": caller.account.id,
        "userName": session.role_name,
    }
    began = datetime.fromtimestamp(session.issued_at, UTC)
    return {
        **known,
        "accessKeyId": session.access_key_id,
        "sessionContext": {
            "sessionIssuer": issuer,
            "webIdFederationData": {"federatedProvider": provider} if provider else {},
            "attributes": {"creationDate": f"{began:%Y-%m-%dT%H:%M:%SZ}"},
        },
    }


def _web_identity(given: Mapping[str, Any]) -> dict[str, Any]:
    """Name whose token it was; of one that was refused, nobody knows."""
    if not given:
        return {"type": "WebIdentityUser"}
    provider, subject = given["Provider"], given["SubjectFromWebIdentityToken"]
    return {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:{given['Audience']}:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }


def _given(operation: str, given: Mapping[str, Any], answer: Answer) -> dict[str, Any] | None:
    if answer.error:
        return None
    if "Credentials" in given:
        found: dict[str, Any] = {
            "credentials": {"accessKeyId": given["Credentials"]["AccessKeyId"]}
        }
        if user := given.get("AssumedRoleUser"):
            found["assumedRoleUser"] = {"assumedRoleId": user["AssumedRoleId"], "arn": user["Arn"]}
        return found
    key = _KEY.search(answer.body) if operation == "CreateAccessKey" else None
    return {"accessKey": {"accessKeyId": key[1].decode()}} if key else None


class Trail:
    """The event history of every account and region."""

    def __init__(self, path: Path, state: State) -> None:
        self._path = path
        self._state = state
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, str], deque[float]] = {}

    def needs(self, operation: str) -> Sequence[AuthorizationNeed]:
        """Return what must be allowed; LookupEvents supports no resources.

        Raises:
            ApiError: AccessDenied for an operation that the laboratory does not serve.
        """
        if operation != "LookupEvents":
            raise not_served(SERVICE, operation or "a call without a name")
        return [AuthorizationNeed(action="cloudtrail:LookupEvents", resource="*", context={})]

    def look_up(self, asked: Mapping[str, Any], endpoint: Endpoint, caller: Caller) -> Answer:
        """Answer LookupEvents, the newest event first.

        Raises:
            ApiError: with the service's code.
        """
        region = endpoint.region or caller.account.region
        self._pace(caller.account.id, region)
        start, end = asked.get("StartTime", 0), asked.get("EndTime", float("inf"))
        if start > end:
            raise ApiError("InvalidTimeRangeException", 400, "StartTime is after EndTime")
        most = asked.get("MaxResults", MOST)
        if not isinstance(most, int) or not 1 <= most <= MOST:
            raise ApiError("InvalidMaxResultsException", 400, f"MaxResults is {most}")
        key, value = _attribute(asked)
        at = _position(asked)
        found = [
            event
            for event in self._events(caller.account.id, region)
            if start <= event["EventTime"] <= end and _has(event, key, value)
        ]
        found.reverse()
        answer: dict[str, Any] = {"Events": found[at : at + most]}
        if at + most < len(found):
            answer["NextToken"] = _token(asked, at + most)
        return Answer(
            status=200,
            body=json.dumps(answer).encode(),
            headers={"Content-Type": "application/x-amz-json-1.1"},
        )

    def _pace(self, account: str, region: str) -> None:
        now = time.monotonic()
        with self._lock:
            times = self._asked.setdefault((account, region), deque(maxlen=A_SECOND))
            if len(times) == A_SECOND and now - times[0] < 1:
                raise ApiError("ThrottlingException", 400, "Rate exceeded")
            times.append(now)

    def _events(self, account: str, region: str) -> Iterator[dict[str, Any]]:
        horizon = time.time() - self._state.trail_delay_seconds()
        for line in self._path.read_text("utf-8").splitlines():
            decision = json.loads(line)
            told = decision.get("trail")
            if not told or told["awsRegion"] != region or _seconds(decision) > horizon:
                continue
            if decision["account"] == account:
                yield _event(decision, told, account)
            elif _is_of(told, account):
                # The owner of a role learns of a foreign caller no more than who it is.
                who = told["userIdentity"]
                known = {key: who.get(key) for key in ("principalId", "accountId")}
                foreign = {**told, "userIdentity": {"type": "AWSAccount", **known}}
                yield _event(decision, foreign, account)


def _is_of(told: Mapping[str, Any], account: str) -> bool:
    role = (told["requestParameters"] or {}).get("roleArn", "")
    return told["eventName"] == "AssumeRole" and bool(role.split(":")[4:5] == [account])


def _seconds(decision: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(decision["time"]).timestamp()


def _event(decision: Mapping[str, Any], told: Mapping[str, Any], account: str) -> dict[str, Any]:
    moment = datetime.fromisoformat(decision["time"])
    whole = {
        "eventVersion": "1.11",
        **told,
        "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "requestID": decision["request_id"],
        "eventID": decision["request_id"],
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
        **({"errorCode": decision["error"]} if decision["error"] else {}),
    }
    who = told["userIdentity"]
    return {
        "EventId": decision["request_id"],
        "EventName": told["eventName"],
        "ReadOnly": str(told["readOnly"]).lower(),
        "EventTime": int(moment.timestamp()),
        "EventSource": told["eventSource"],
        "Username": who.get("userName") or who.get("principalId", "").partition(":")[2],
        "AccessKeyId": who.get("accessKeyId", ""),
        "Resources": [
            {"ResourceName": value} for value in (told["requestParameters"] or {}).values()
        ],
        "CloudTrailEvent": json.dumps(whole),
    }


def _attribute(asked: Mapping[str, Any]) -> tuple[str, str]:
    given = asked.get("LookupAttributes") or []
    if not given:
        return "", ""
    key = given[0].get("AttributeKey")
    if len(given) > 1 or key not in _ATTRIBUTES or key == "ResourceType":
        told = f"LookupAttributes is {given!r}; the laboratory knows one, without ResourceType"
        raise ApiError("InvalidLookupAttributesException", 400, told)
    return key, str(given[0].get("AttributeValue"))


def _has(event: Mapping[str, Any], key: str, value: str) -> bool:
    if key == "ResourceName":
        return any(each["ResourceName"] == value for each in event["Resources"])
    return not key or bool(event[key] == value)


def _token(asked: Mapping[str, Any], at: int) -> str:
    """Name a place in what was asked; it is good for the same question alone."""
    same = {key: value for key, value in asked.items() if key != "NextToken"}
    mark = hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:16]
    return base64.b64encode(f"{at}:{mark}".encode()).decode()


def _position(asked: Mapping[str, Any]) -> int:
    token = asked.get("NextToken")
    if token is None:
        return 0
    try:
        at = int(base64.b64decode(token).decode().partition(":")[0])
    except (binascii.Error, ValueError):
        at = -1
    if at < 0 or _token(asked, at) != token:
        raise ApiError("InvalidNextTokenException", 400, "NextToken is of another question")
    return at
