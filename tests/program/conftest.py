"""The whole program under Pulumi's mocks: what it registers, and nothing deployed."""

from __future__ import annotations

import asyncio
import json
import runpy
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack

import settings
from tests.committed import SECRET_SECTION, committed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "vault-aws-federation"


@dataclass(frozen=True)
class Registered:
    """One resource as the engine was asked for it."""

    type: str
    name: str
    parent: str
    inputs: dict[str, Any] = field(repr=False)
    provider: str
    depends_on: tuple[str, ...]
    options: Any = field(repr=False)

    @property
    def urn(self) -> str:
        """The parent's type and name, then its own: enough to tell identities apart."""
        return f"{self.parent} > {self.type} {self.name}"


class Engine(mocks.MockMonitor):
    """Keeps every request, options included, which mocks alone do not see."""

    def __init__(self) -> None:
        super().__init__(_Outputs())
        self.requests: list[Any] = []
        self.urns: list[str] = []
        """Under which it keeps what was asked for, in the same order."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - the protocol's own
        """Answer as the mocks do, and remember."""
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call] # pulumi's own
        self.requests.append(request)
        self.urns.append(answer.urn)
        return answer

    def registered(self) -> list[Registered]:
        """Return what was registered, sorted by identity; the stack itself left out."""
        found = [
            Registered(
                type=request.type,
                name=request.name,
                parent="::".join(request.parent.split("::")[-2:]).rpartition("$")[2],
                inputs=pulumi.runtime.rpc.deserialize_properties(request.object),
                provider=request.provider,
                depends_on=tuple(sorted(urn.rpartition("::")[2] for urn in request.dependencies)),
                options=request,
            )
            for request in self.requests
            if request.type != "pulumi:pulumi:Stack"
        ]
        return sorted(found, key=lambda resource: resource.urn)


class _Outputs(mocks.Mocks):
    """Computed outputs that the program builds upon."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        computed: dict[str, Any] = {}
        if args.typ == "vault:aws/secretBackend:SecretBackend":
            computed["accessor"] = "aws_0a1b2c3d"
        if args.typ == "vault:index/authBackend:AuthBackend":
            computed["accessor"] = f"auth_{args.inputs['type']}_0a1b2c3d"
        if args.typ == "aws:iam/role:Role":
            computed["arn"] = f"arn:aws:iam::{_account(args)}:role/{args.inputs['name']}"
            computed["uniqueId"] = "AROA0123456789ABCDEFG"
        if args.typ == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
            host = args.inputs["url"].removeprefix("https://")
            computed["arn"] = f"arn:aws:iam::{_account(args)}:oidc-provider/{host}"
        if args.typ == "vault:index/namespace:Namespace":
            parts = (args.inputs.get("namespace"), args.inputs["path"])
            path = "/".join(part for part in parts if part)
            computed |= {"namespaceId": namespace_id(path), "pathFq": path}
        if args.typ.endswith(":Thumbprint"):
            computed |= {"thumbprints": ["ab" * 20], "warnings": []}
        return f"{args.name}-id", {**args.inputs, **computed}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        if args.token == "vault:index/getNamespace:getNamespace":
            parts = (args.args.get("namespace"), args.args["path"])
            path = "/".join(part for part in parts if part)
            return {"namespaceId": namespace_id(path), "pathFq": path}, []
        raise AssertionError(f"the program asked for {args.token} while it was being planned")


def _account(args: mocks.MockResourceArgs) -> str:
    """Return the account of the provider, which the program calls after it."""
    return str(args.provider).split("::")[-2]


def namespace_id(path: str) -> str:
    """Return the id that Vault gave the namespace here."""
    return f"id-of-{path.replace('/', '-')}"


def run_program(
    values: dict[str, Any],
    *,
    stack: str = "dev",
    preview: bool = False,
    file: str = "__main__.py",
    project: str = PROJECT,
) -> Engine:
    """Run a program with the given configuration and return what it registered."""
    engine = Engine()
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }

    def program() -> None:
        runpy.run_path(str(ROOT / file), run_name="__main__")

    with _event_loops():
        pulumi.runtime.set_mocks(_Outputs(), project, stack, preview=preview, monitor=engine)
        pulumi.runtime.set_all_config(texts, [SECRET_SECTION])
        # The mocks have ended their stack already. As the language host does it, the program runs
        # within one.
        set_root_resource(None)  # type: ignore[arg-type] # as it is before there is any
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()
        asyncio.get_event_loop().run_until_complete(run_in_stack(program))
    return engine


class _EndedError(Exception):
    """In place of SystemExit, with which a loop of the tests leaves its task behind."""


def refused(values: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the program with settings that end it, and return the one message that is told."""
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "error", told.append)

    def end(code: int) -> None:
        raise _EndedError(code)

    monkeypatch.setattr("settings.sys.exit", end)
    with pytest.raises(_EndedError, match=f"^{settings.TOLD}$"):
        run_program(values)
    (message,) = told
    return message


@contextmanager
def _event_loops() -> Iterator[None]:
    """Give every thread of Pulumi an event loop and close them all: the mocks leave theirs open."""
    loops: list[asyncio.AbstractEventLoop] = []

    def begin() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    begin()
    try:
        with ThreadPoolExecutor(initializer=begin) as executor:
            loops[0].set_default_executor(executor)
            yield
    finally:
        asyncio.set_event_loop(None)
        for loop in loops:
            loop.close()


@pytest.fixture(scope="session")
def program() -> Engine:
    """The committed dev stack, as an update registers it."""
    return run_program(committed())


@pytest.fixture(scope="session")
def everything() -> Engine:
    """A stack that uses every component there is."""
    config = committed()
    config["vault-aws-federation:vault"] |= {"namespaces": {"team-a": "managed"}}
    return run_program(config)


@pytest.fixture(scope="session")
def planned() -> Engine:
    """The committed dev stack, as a first preview registers it: nothing computed is known."""
    return run_program(committed(), preview=True)
