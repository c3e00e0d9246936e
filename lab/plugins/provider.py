"""The part of a stand-in plugin that is the same for every package."""

from __future__ import annotations

import asyncio
import json
import secrets
from abc import abstractmethod
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from pulumi.provider.experimental import provider
from pulumi.provider.experimental.property_value import PropertyValue

from lab.plugins.resource import TAINTED, Incomplete, ProviderError, Resource, Session
from lab.plugins.values import DEFAULTS, UNKNOWN, Values, plain, secret_keys, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ENGINE_SETTINGS = ("version", "pluginDownloadURL")
"""Settings that the engine itself adds to every provider."""


class InitFailed(ProviderError):  # noqa: N818 - the engine's own name for it
    """The operation failed, and yet the resource is there with these properties."""

    def __init__(self, identifier: str, properties: dict[str, PropertyValue], reason: str) -> None:
        super().__init__(reason)
        self.identifier = identifier
        self.properties = properties


class Plugin(provider.Provider, Generic[Session]):
    """Stands in for one official Pulumi plugin, for the resource types its program uses.

    Checks and previews work on inputs and state alone; the session, and with it the first call to
    a service, is opened by the first operation that needs one.
    """

    package: ClassVar[str]
    resources: ClassVar[tuple[type[Resource[Any]], ...]]
    settings: ClassVar[Mapping[str, type]]
    """Provider settings served, by name; anything but a string arrives as JSON text."""
    functions: ClassVar[Mapping[str, Callable[[Any, Values], Values]]] = {}
    """Functions served, by token; each is given the session and the arguments."""

    engine: str = ""
    """Address of the engine, for logs."""

    def __init__(self) -> None:
        self._kinds = {kind.token: kind for kind in self.resources}
        self._session: Session | None = None

    @property
    def version(self) -> str:
        """Version of the official package, which the engine asks for by number."""
        return version(f"pulumi-{self.package}")

    @abstractmethod
    def open(self, settings: Values) -> Session:
        """Return the session that resources work with; called once, makes no call itself."""

    async def check_config(self, request: provider.CheckRequest) -> provider.CheckResponse:
        """Refuse settings that are not served, by name."""
        failures = [
            provider.CheckFailure(key, self._refusal(f"the provider setting {key!r}"))
            for key in request.new_inputs
            if key not in (*self.settings, *ENGINE_SETTINGS) and not key.startswith("__")
        ]
        return provider.CheckResponse(request.new_inputs, failures)

    async def configure(self, request: provider.ConfigureRequest) -> provider.ConfigureResponse:
        """Keep the settings; nothing is contacted before the first operation."""
        given = plain(request.args)
        self._session = self.open(
            {key: _decoded(given[key], kind) for key, kind in self.settings.items() if key in given}
        )
        return provider.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def invoke(self, request: provider.InvokeRequest) -> provider.InvokeResponse:
        """Answer a function that is served; refuse every other."""
        if request.tok not in self.functions:
            raise ProviderError(self._refusal(f"the function {request.tok}"))
        if self._session is None:
            raise ProviderError(f"{request.tok} was called before the provider was configured")
        function, arguments = self.functions[request.tok], plain(request.args)
        answer = await asyncio.to_thread(function, self._session, arguments)
        return provider.InvokeResponse(wrap(answer, set()))

    async def call(self, request: provider.CallRequest) -> provider.CallResponse:
        """Refuse: no method is served."""
        raise ProviderError(self._refusal(f"the method {request.tok}"))

    async def check(self, request: provider.CheckRequest) -> provider.CheckResponse:
        """Refuse inputs that are not served, ask for the required ones, choose missing names."""
        kind = self._kind(request.type)
        inputs = {key: item for key, item in request.new_inputs.items() if item.value is not None}
        failures = list(self._failures(kind, inputs))
        name = kind.name_input
        if name is not None and name not in inputs:
            inputs[name] = _chosen_name(name, request)
            inputs[DEFAULTS] = PropertyValue([PropertyValue(name)])
        return provider.CheckResponse(inputs, failures)

    async def diff(self, request: provider.DiffRequest) -> provider.DiffResponse:
        """Judge the new inputs by the table of the type."""
        old = plain(request.old_state)
        news = _ignoring(request.ignore_changes, old, plain(request.new_inputs))
        judged = self._resource(request.type, request.urn).judge(old, news)
        return provider.DiffResponse(
            changes=bool(judged.changed),
            replaces=list(judged.replaces),
            delete_before_replace=judged.delete_first,
            diffs=sorted(judged.changed),
            detailed_diff={
                key: _property_diff(key in old, key in news, replace=key in judged.replaces)
                for key in sorted(judged.changed)
            },
        )

    async def create(self, request: provider.CreateRequest) -> provider.CreateResponse:
        """Make the resource; in a preview say what is known of it."""
        resource = self._resource(request.type, request.urn)
        news = plain(request.properties)
        hidden = resource.hidden(secret_keys(request.properties))
        if request.preview:
            planned = resource.plan({}, news, missing=UNKNOWN)
            return provider.CreateResponse(None, wrap(planned, hidden))
        planned = resource.plan({}, news)
        try:
            identifier, outputs = await asyncio.to_thread(_create, resource, planned)
        except Incomplete as error:
            kept = wrap(error.outputs | {TAINTED: True}, hidden)
            raise InitFailed(error.identifier, kept, str(error)) from error
        return provider.CreateResponse(identifier, wrap(resource.settle(planned, outputs), hidden))

    async def update(self, request: provider.UpdateRequest) -> provider.UpdateResponse:
        """Change the resource in place; in a preview say what is known of it afterwards."""
        resource = self._resource(request.type, request.urn)
        old = plain(request.olds)
        news = _ignoring(request.ignore_changes, old, plain(request.news))
        hidden = resource.hidden(secret_keys(request.news))
        planned = resource.plan(old, news)
        if request.preview:
            fresh = dict.fromkeys(resource.recomputed, UNKNOWN)
            return provider.UpdateResponse(wrap(planned | fresh, hidden))
        try:
            outputs = await asyncio.to_thread(_update, resource, request.resource_id, old, planned)
        except ProviderError as error:
            if not resource.keeps_failed_update:
                raise
            kept = wrap(planned, hidden)
            raise InitFailed(request.resource_id, kept, str(error)) from error
        return provider.UpdateResponse(wrap(resource.settle(planned, outputs), hidden))

    async def read(self, request: provider.ReadRequest) -> provider.ReadResponse:
        """Read the resource; without an identifier in the answer it is gone from the state."""
        resource = self._resource(request.type, request.urn)
        state, old_inputs = plain(request.properties), plain(request.inputs)
        outputs = await asyncio.to_thread(resource.read, request.resource_id, state)
        if outputs is None:
            return provider.ReadResponse()
        outputs = resource.normalise(state, outputs)
        hidden = resource.hidden(secret_keys({**request.properties, **request.inputs}))
        inputs = resource.as_inputs(old_inputs, outputs)
        return provider.ReadResponse(
            request.resource_id, wrap(outputs, hidden), wrap(inputs, hidden)
        )

    async def delete(self, request: provider.DeleteRequest) -> None:
        """Remove the resource."""
        resource = self._resource(request.type, request.urn)
        await asyncio.to_thread(resource.delete, request.resource_id, plain(request.properties))

    async def cancel(self) -> None:
        """Let calls in flight end; each is short and bounded by its own timeout."""

    def _kind(self, qualified: str) -> type[Resource[Any]]:
        # Below a component the type in a URN carries its parents: parent$child.
        token = qualified.rpartition("$")[2]
        if token not in self._kinds:
            raise ProviderError(self._refusal(f"the resource type {token}"))
        return self._kinds[token]

    def _resource(self, token: str, urn: str) -> Resource[Any]:
        kind = self._kind(token)
        if self._session is None:
            raise ProviderError(f"{kind.token} was asked for before the provider was configured")
        return kind(self._session, urn)

    def _refusal(self, what: str) -> str:
        return (
            f"{what} is not served by the laboratory's stand-in for the {self.package!r} plugin; "
            "to use it, aim the program at real services with the official plugin: "
            f"pulumi plugin install resource {self.package} {self.version}"
        )

    def _failures(
        self, kind: type[Resource[Any]], inputs: Mapping[str, PropertyValue]
    ) -> Iterable[provider.CheckFailure]:
        for key in inputs:
            spec = kind.inputs.get(key)
            if (spec is None or spec.derived) and not key.startswith("__"):
                what = f"the property {key!r} of {kind.token}"
                yield provider.CheckFailure(key, self._refusal(what))
        for key, spec in kind.inputs.items():
            if spec.required and key not in inputs and key != kind.name_input:
                yield provider.CheckFailure(key, f"missing required property {key!r}")


def _create(resource: Resource[Any], planned: Values) -> tuple[str, Values]:
    identifier = resource.create(planned)
    try:
        return identifier, resource.written(identifier, planned)
    except ProviderError as error:
        raise Incomplete(identifier, planned, str(error)) from error


def _update(resource: Resource[Any], identifier: str, old: Values, planned: Values) -> Values:
    return resource.written(resource.update(identifier, old, planned), planned)


def _ignoring(keys: Iterable[str], old: Values, news: Values) -> Values:
    """Return ``news`` with the recorded value of every property the program ignores."""
    ignored = [key for key in keys if key in old]
    return news | {key: old[key] for key in ignored}


def _chosen_name(name: str, request: provider.CheckRequest) -> PropertyValue:
    """Keep a name chosen before; else the resource's own name with seven random digits."""
    old = request.old_inputs
    if name in old and name in plain(old).get(DEFAULTS, ()):
        return old[name]
    suffix = bytes(request.random_seed).hex() or secrets.token_hex(4)
    return PropertyValue(f"{request.name}-{suffix[:7]}")


def _decoded(value: Any, kind: type) -> Any:  # noqa: ANN401 - settings are of any type
    return json.loads(value) if kind is not str and isinstance(value, str) else value


def _property_diff(was: bool, will_be: bool, *, replace: bool) -> provider.PropertyDiff:  # noqa: FBT001 - read in pairs
    kinds = provider.PropertyDiffKind
    if not was:
        kind = kinds.ADD_REPLACE if replace else kinds.ADD
    elif not will_be:
        kind = kinds.DELETE_REPLACE if replace else kinds.DELETE
    else:
        kind = kinds.UPDATE_REPLACE if replace else kinds.UPDATE
    return provider.PropertyDiff(kind, input_diff=False)
