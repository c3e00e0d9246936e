"""What the laboratory is asked to do differently, while it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from lab.home import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.home import Home

PRESENTED_CHAINS: Final = (
    "leaf-only",
    "with-root",
    "other-authority",
    "renewed-intermediate",
    "renewed-root",
    "alternating",
)
REPLICATION: Final = ("", "primary", "secondary")
FaultKind = Literal["watch", "watch-all", "refuse", "hold", "lose", "step-down"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One write that goes wrong once on its way, met again only after the switch is set again."""

    kind: FaultKind
    """``watch``: nothing goes wrong, writes are only listed. ``watch-all``: the same, and reads are
    listed too. ``refuse``: answered with 403, the host never sees it. ``hold``: kept from the host
    until the switch changes. ``lose``: the host acts, but its answer is kept and, once the switch
    changes, lost with the connection. ``step-down``: the leader of Vault's cluster has just stepped
    down; for some seconds every request to Vault fails, in different ways, and none reaches it."""
    write: str = ""
    """Which write, as ``Home.writes`` lists it: the second of several alike ends in ``(2)``.
    Empty: whichever comes first."""
    spared: tuple[str, ...] = ()
    """Writes that nothing happens to."""


@dataclass(frozen=True, kw_only=True)
class Switches:
    """Deviations from the plain laboratory; the defaults are the plain laboratory."""

    clock_offset_seconds: float = 0
    """How far AWS's clock for tokens and sessions runs ahead of the machine's. Answers to those who
    sign nothing are dated by it; the age of signatures goes by the machine's."""
    vault_clock_offset_seconds: float = 0
    """How far the clock by which Vault dates its tokens runs ahead of the machine's. Its health
    tells that clock, on connections opened afterwards. All else in Vault, the rotation of its keys
    and the end of leases, goes by the machine's."""
    propagation_delay_seconds: float = 0
    """How long AWS keeps answering as if an IAM change had not happened yet."""
    key_delay_seconds: float = 0
    """How long after it was made some service does not know an IAM user's access key: STS and IAM
    for half of it, all others for the whole. Each account's administrator is known all along."""
    trail_delay_seconds: float = 0
    """How long after a call CloudTrail's LookupEvents does not tell of it."""
    vault_standby_lag_seconds: float = 0
    """How long the node that answers for Vault, a performance standby, does not know of a write: a
    request that asks for its index is answered with 412, and one that reads the path that was
    written, as before. What else changed with it is there. For connections opened afterwards."""
    vault_replication: str = ""
    """What the cluster is in performance replication, ``primary`` or ``secondary``, as its health
    says it; all else is that of a cluster without. For connections opened afterwards."""
    service_control_policy: dict[str, Any] | None = None
    """What an organisation allows in its accounts beside the policy that allows all, as a document
    of IAM's policy language: its denials count against every principal, administrators too."""
    presented_chain: dict[str, str] = field(default_factory=dict)
    """What a host's TLS endpoint presents instead of leaf and intermediate: ``leaf-only``,
    ``with-root``, ``other-authority`` (a chain of another CA under the same name, which nobody
    trusts), ``renewed-intermediate`` (a new one of the same root), ``renewed-root`` (a chain of
    the second root that clients trust) or ``alternating`` (the plain one and ``renewed-root`` in
    turns, one a connection, as machines behind a load balancer)."""
    unreachable: tuple[str, ...] = ()
    """Hosts the proxy refuses to connect to."""
    fault: Fault | None = None
    """The write that goes wrong; for connections opened after it was first set."""


class SwitchBoard:
    """Reads the switches again whenever the file changes, so that no process need be restarted."""

    def __init__(self, home: Home) -> None:
        self._path = home.switches
        self._stamp: tuple[int, int] | None = None
        self._switches = Switches()

    def read(self) -> Switches:
        """Return the switches as they are now."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return Switches()
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._switches = parse(read_json(self._path))
            self._stamp = stamp
        return self._switches


def parse(values: dict[str, Any]) -> Switches:
    """Build switches from JSON values.

    Raises:
        ValueError: a name or a value the laboratory does not know, with what it does know.
    """
    known = {entry.name for entry in fields(Switches)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(
            f"unknown switch {', '.join(unknown)}; the laboratory knows {', '.join(sorted(known))}"
        )
    values = dict(values)
    if "unreachable" in values:
        values["unreachable"] = tuple(values["unreachable"])
    for host, chain in values.get("presented_chain", {}).items():
        if chain not in PRESENTED_CHAINS:
            raise ValueError(
                f"presented_chain of {host} is {chain!r}; it may be {', '.join(PRESENTED_CHAINS)}"
            )
    if values.get("vault_replication", "") not in REPLICATION:
        raise ValueError(
            f"vault_replication is {values['vault_replication']!r}; it may be primary or secondary"
        )
    if values.get("fault") is not None:
        values["fault"] = _fault(values["fault"])
    policy = values.get("service_control_policy")
    if policy is not None and not (isinstance(policy, dict) and "Statement" in policy):
        raise ValueError(f"service_control_policy is {policy!r}; it is a policy document")
    return Switches(**values)


def _fault(values: dict[str, Any]) -> Fault:
    known = {entry.name for entry in fields(Fault)}
    if "kind" not in values or set(values) - known:
        raise ValueError(
            f"a fault has a kind and may have write and spared; given: {', '.join(values)}"
        )
    fault = Fault(**{**values, "spared": tuple(values.get("spared", ()))})
    if fault.kind not in get_args(FaultKind):
        raise ValueError(
            f"the kind of the fault is {fault.kind!r}; it may be {', '.join(get_args(FaultKind))}"
        )
    return fault


def changed(switches: Switches, assignments: Iterable[str]) -> Switches:
    """Return ``switches`` after ``NAME=VALUE`` assignments as a person types them.

    A number of seconds stands as it is; hosts are separated by commas; a presented chain is written
    ``host:chain``, a fault ``kind:write`` or ``kind``; a policy is the path of its file. An empty
    value means the plain laboratory again.

    Raises:
        ValueError: an assignment that cannot be understood, with the form that can.
    """
    values = asdict(switches)
    plain = asdict(Switches())
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator:
            raise ValueError(f"{assignment!r} is not of the form NAME=VALUE")
        if name not in plain:
            raise ValueError(f"unknown switch {name}; the laboratory knows {', '.join(plain)}")
        values[name] = _value(name, text) if text else plain[name]
    return parse(values)


def _value(name: str, text: str) -> float | str | dict[str, Any] | tuple[str, ...]:
    if name == "service_control_policy":
        try:
            document: dict[str, Any] = read_json(Path(text))
        except (OSError, ValueError) as problem:
            raise ValueError(f"{name} is {text!r}, which holds no JSON: {problem}") from None
        return document
    if name == "fault":
        kind, _, write = text.partition(":")
        return {"kind": kind.strip(), "write": write.strip()}
    if name == "vault_replication":
        return text.strip()
    if name == "unreachable":
        return tuple(host.strip().lower() for host in text.split(","))
    if name == "presented_chain":
        pairs = (pair.strip().lower().partition(":") for pair in text.split(","))
        return {host: chain for host, _, chain in pairs}
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}; it is a number of seconds, such as 5") from None


def store(home: Home, switches: Switches) -> None:
    """Make the running laboratory behave as ``switches`` say."""
    write_json(home.switches, asdict(switches))
