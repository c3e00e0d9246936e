"""Resources as the guardrails judge them: through Pulumi's own SDK, as the engine sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.guardrails.pack import policies

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

UNKNOWN = UNKNOWN_STRING_VALUE
"""What stands for a value that a preview does not know."""
Settings = dict[str, dict[str, Any]]
"""The pack's configuration, as its JSON file has it."""
UNSEEN: Settings = {"lasting-thumbprint": {"lookAtHost": False}}
"""The pack asks nobody."""


class Told(NamedTuple):
    """One thing that the pack says of a resource."""

    rule: str
    message: str
    mandatory: bool
    """Whether it stops an update; what cannot be judged yet does not."""


class Pack:
    """The pack as the engine holds it."""

    def __init__(self, configured: Mapping[str, Mapping[str, Any]] = UNSEEN) -> None:
        served: Any = _PolicyAnalyzerServicer  # its methods are not typed
        self._served = served("guardrails", "1.0.0", policies(), EnforcementLevel.MANDATORY)
        self.info = self._served.GetAnalyzerInfo(None, None)
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        levels = analyzer_pb2.EnforcementLevel
        for rule in self.info.policies:
            said = dict(configured.get(rule.name, {}))
            entry = request.policyConfig[rule.name]
            entry.enforcementLevel = levels.Value(said.pop("enforcementLevel", "mandatory").upper())
            entry.properties.update(said)
        self._served.Configure(request, None)

    def judge(self, request: Any) -> list[Told]:  # noqa: ANN401 - Pulumi's messages are made at run time
        """Judge one resource."""
        answer = self._served.Analyze(request, None)
        return [
            Told(each.policyName, each.message, each.enforcementLevel == analyzer_pb2.MANDATORY)
            for each in answer.diagnostics
        ]

    def mend(self, request: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - see above
        """Return the inputs as each rule that mends leaves them, by rule."""
        answer = self._served.Remediate(request, None)
        return {each.policyName: dict(each.properties) for each in answer.remediations}

    def judge_all(self, registered: Iterable[Any]) -> list[Told]:
        """Judge whatever a program asked the engine to register."""
        return [told for request in registered for told in self.judge(_as_judged(request))]


def resource(
    kind: str,
    props: Mapping[str, Any],
    *,
    name: str = "subject",
    provider: str = "main",
    protect: bool = False,
) -> Any:  # noqa: ANN401 - see above
    """Return a resource as the engine shows it to a pack."""
    inputs = struct_pb2.Struct()
    inputs.update(dict(props))
    request = analyzer_pb2.AnalyzeRequest(
        type=kind, name=name, urn=f"urn:pulumi:dev::program::{kind}::{name}", properties=inputs
    )
    request.options.protect = protect
    if provider:
        request.provider.name = provider
        request.provider.type = f"pulumi:providers:{kind.partition(':')[0]}"
    return request


def _as_judged(request: Any) -> Any:  # noqa: ANN401 - see above
    judged = analyzer_pb2.AnalyzeRequest(
        type=request.type, name=request.name, urn=request.name, properties=request.object
    )
    judged.options.protect = request.protect
    if request.provider:
        # <URN>::<id>, and the URN ends with the name.
        judged.provider.name = request.provider.split("::")[-2]
    return judged
