"""Serves a plugin to the Pulumi engine, with failures as the engine wants to be told them."""

from __future__ import annotations

import argparse
import asyncio
import functools
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc  # type: ignore[import-untyped] # publishes no types
import grpc.aio  # type: ignore[import-untyped] # publishes no types
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from lab.plugins.provider import InitFailed, Plugin
from lab.plugins.resource import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

PARALLEL_CALLS = 32
"""Operations in flight at once; the engine starts up to four a processor."""


class _Status(NamedTuple):
    """The shape ``abort_with_status`` asks for."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


def _telling(method: Callable[..., Any]) -> Any:  # noqa: ANN401 - the protocol has no types
    """Answer a failure of ``method`` with its own text instead of a Python traceback."""

    @functools.wraps(method)
    async def told(self: Servicer, request: object, context: Any) -> Any:  # noqa: ANN401 - same
        try:
            return await method(self, request, context)
        except InitFailed as failure:
            await context.abort_with_status(_init_failed(failure))
        except ProviderError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return told


class Servicer(ProviderServicer):
    """Tells the engine of resources that were made or changed in part.

    The experimental server can only fail an operation wholly. The protocol of resource providers
    has ``ErrorResourceInitFailed`` in the details of the status for the rest; the engine then
    records the resource together with its ``initErrors``.
    """

    CheckConfig = _telling(ProviderServicer.CheckConfig)
    Configure = _telling(ProviderServicer.Configure)
    Check = _telling(ProviderServicer.Check)
    Diff = _telling(ProviderServicer.Diff)
    Create = _telling(ProviderServicer.Create)
    Read = _telling(ProviderServicer.Read)
    Update = _telling(ProviderServicer.Update)
    Delete = _telling(ProviderServicer.Delete)
    Invoke = _telling(ProviderServicer.Invoke)
    Call = _telling(ProviderServicer.Call)


def _init_failed(failure: InitFailed) -> _Status:
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(failure))
    status.details.add().Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=failure.identifier,
            properties=PropertyValue.marshal_map(failure.properties),
            reasons=[str(failure)],
        )
    )
    return _Status(code, str(failure), (("grpc-status-details-bin", status.SerializeToString()),))


def serve(plugin: Plugin[Any]) -> None:
    """Serve ``plugin`` on a loopback port until the engine ends it, or has ended itself.

    The engine gives its own address as the first argument and reads the port from the first line
    of stdout, on which nothing else may be written.
    """
    parser = argparse.ArgumentParser(description=f"Stand-in Pulumi plugin {plugin.package}")
    parser.add_argument("engine", help="address of the Pulumi engine, host:port")
    arguments, _ = parser.parse_known_args()
    asyncio.run(_serve(plugin, arguments.engine))


async def _serve(plugin: Plugin[Any], engine: str) -> None:
    loop = asyncio.get_running_loop()
    # Linux: a process can be waited for by a handle. The engine that was killed ends nobody, and
    # calls under way would go on to change what nobody records; threads that make them cannot be
    # cancelled, so this ends the process and not the server.
    parent = os.pidfd_open(os.getppid())
    loop.add_reader(parent, os._exit, 1)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=PARALLEL_CALLS))
    plugin.engine = engine
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    servicer = Servicer([], plugin.version, plugin, engine_address=engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()
