"""What CloudTrail says of who asked AWS: the record that AWS itself keeps, minutes later."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clients.errors import AwsError
from clients.trail import events
from federation.regions import global_region
from operations import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from federation.account import AccountAccess
    from operations.prove.evidence import Page
    from operations.prove.world import World

TRAIL_SECONDS = 1200.0
"""How long to wait for a record: CloudTrail delivers within five minutes on average, and says that
this is not guaranteed (CloudTrail User Guide, "How CloudTrail works")."""
PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 15.0
"""Between two looks; each pause is twice the one before, for two a second are allowed in an account
and region (CloudTrail API Reference, LookupEvents)."""
BEFORE = dt.timedelta(hours=2)
"""How long ago a session may have begun that is still in use: an hour, and CloudTrail's delay."""

Where = tuple[str, str, str]
"""Account, region and name of calls."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """A call that CloudTrail is to tell of."""

    page: Page
    what: str
    access: AccountAccess
    """The account of the mount, whose records name the caller in full."""
    region: str
    role_arn: str
    """The role that the caller is to be a session of, or to become one."""
    provider_arn: str
    event: str = "AssumeRoleWithWebIdentity"
    key_id: str = ""
    """Of the credentials that came of it."""
    subject: str = ""
    """Of the token, where the call is the exchange of one."""

    @property
    def regions(self) -> list[str]:
        """Where its record may be."""
        # IAM, and some endpoints of STS, are those of the partition, whatever the mount's region.
        return list(dict.fromkeys((self.region, global_region(self.role_arn.split(":")[1]))))

    def fits(self, event: dict[str, Any]) -> bool:
        """Tell whether a record is that of the call."""
        answered = event.get("responseElements") or {}
        if self.key_id:
            given = answered.get("credentials") or answered.get("accessKey") or {}
            return bool(given.get("accessKeyId") == self.key_id)
        asked = (event.get("requestParameters") or {}).get("roleArn")
        return bool(answered) and asked == self.role_arn

    def problems(self, event: dict[str, Any]) -> list[str]:
        """Say what of the caller is not as it should be."""
        who = event["userIdentity"]
        if self.subject:
            if (who.get("userName"), who.get("identityProvider")) == (
                self.subject,
                self.provider_arn,
            ):
                return []
            return [f"it was exchanged by {who.get('userName')} of {who.get('identityProvider')}"]
        issuer = (who.get("sessionContext") or {}).get("sessionIssuer") or {}
        if issuer.get("arn") == self.role_arn and _provider(who) in ("", self.provider_arn):
            return []
        return [f"it was asked by {who.get('arn')}, which is no session of {self.role_arn}"]

    def told(self, event: dict[str, Any]) -> str:
        """Say what the record says."""
        who = event["userIdentity"]
        by = who.get("arn") or f"a token with the subject {who.get('userName')}"
        if provider := _provider(who):
            by += f", who came by {provider}"
        when, region = event["eventTime"], event["awsRegion"]
        return f"{self.event} at {when} in {region} by {by}, event {event['eventID']}"


def _provider(who: dict[str, Any]) -> str:
    """Return the identity provider that a session came by; empty where the record has none."""
    told = (who.get("sessionContext") or {}).get("webIdFederationData") or {}
    return str(told.get("federatedProvider") or "")


def await_records(traces: Iterable[Trace], world: World, *, remedy: str) -> None:
    """Look for the records until each is there, and take down what they say."""
    until = time.monotonic() + TRAIL_SECONDS
    missing, pause = list(traces), PAUSE_SECONDS
    log.info(f"waiting for CloudTrail's records of {len(missing)} call(s), which takes minutes")
    while missing:
        missing = _without_known(missing, world, remedy)
        if missing and time.monotonic() >= until:
            for trace in missing:
                why = f"CloudTrail had no record of {trace.event} for {TRAIL_SECONDS:.0f} s"
                trace.page.unseen(trace.what, why, "look for it in its event history later")
            return
        if missing:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _without_known(traces: list[Trace], world: World, remedy: str) -> list[Trace]:
    """Take down what CloudTrail says by now; return those that it says nothing of."""
    known: dict[Where, list[dict[str, Any]]] = {}
    left = []
    for trace in traces:
        try:
            event = _found(trace, world, known)
        except AwsError as error:
            trace.page.unseen(trace.what, str(error), "it takes cloudtrail:LookupEvents")
            continue
        if event is None:
            left.append(trace)
        else:
            trace.page.judged(trace.what, trace.problems(event), trace.told(event), remedy)
    return left


def _found(
    trace: Trace, world: World, known: dict[Where, list[dict[str, Any]]]
) -> dict[str, Any] | None:
    """Look for a record among those of its kind, which are asked for once a round."""
    for region in trace.regions:
        where = (trace.access.account_id, region, trace.event)
        if where not in known:
            account = world.account(trace.access)
            since = dt.datetime.now(dt.UTC) - BEFORE
            known[where] = list(events(account, trace.event, region=region, since=since))
        for event in known[where]:
            if trace.fits(event):
                return event
    return None
