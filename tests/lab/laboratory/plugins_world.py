"""What tests of the plugins run in: a plugin asked as the engine asks, or the engine itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / ".tools" / "plugins"

Values = dict[str, Any]


class RefusedError(Exception):
    """The plugin did not do what it was asked; the text is what a person would read."""


@dataclass
class Plugin:
    """One plugin process, and the state that the engine would keep of one resource."""

    stub: ResourceProviderStub
    token: str = ""
    identifier: str = ""
    inputs: Values = field(default_factory=dict)
    state: Values = field(default_factory=dict)
    kept: Values | None = None
    """State that the last failure left, if it left one (``initErrors``)."""

    def configure(self, settings: Values) -> None:
        """Hand over the provider's settings, anything but text as JSON, as the engine does."""
        told = {key: v if isinstance(v, str) else json.dumps(v) for key, v in settings.items()}
        request = messages.CheckRequest(urn=_urn("pulumi:providers:any"), news=_struct(told))
        checked = self._ask(self.stub.CheckConfig, request)
        _expect_no_failures(checked.failures)
        request = messages.ConfigureRequest(args=checked.inputs, acceptSecrets=False)
        self._ask(self.stub.Configure, request)

    def check(self, inputs: Values) -> Values:
        """Return the inputs as the plugin completes them."""
        request = messages.CheckRequest(
            urn=_urn(self.token),
            olds=_struct(self.inputs),
            news=_struct(inputs),
            randomSeed=b"1" * 32,
        )
        checked = self._ask(self.stub.Check, request)
        _expect_no_failures(checked.failures)
        return _values(checked.inputs)

    def diff(self, inputs: Values) -> messages.DiffResponse:
        """Judge inputs against the state."""
        request = messages.DiffRequest(
            urn=_urn(self.token),
            id=self.identifier,
            olds=_struct(self.state),
            old_inputs=_struct(self.inputs),
            news=_struct(self.check(inputs)),
        )
        judged: messages.DiffResponse = self._ask(self.stub.Diff, request)
        return judged

    def apply(self, inputs: Values) -> str:
        """Do what an update does, and return what that was."""
        if not self.identifier:
            self._create(inputs)
            return "create"
        self.refresh()
        judged = self.diff(inputs)
        if judged.replaces:
            self.delete()
            self._create(inputs)
            return "replace"
        if judged.changes != messages.DiffResponse.DIFF_SOME:
            return "same"
        checked = self.check(inputs)
        request = messages.UpdateRequest(
            urn=_urn(self.token),
            id=self.identifier,
            olds=_struct(self.state),
            old_inputs=_struct(self.inputs),
            news=_struct(checked),
        )
        self.state = _values(self._ask(self.stub.Update, request).properties)
        self.inputs = checked
        return "update"

    def refresh(self) -> None:
        """Read the resource; one that is gone has no identifier afterwards."""
        request = messages.ReadRequest(
            urn=_urn(self.token),
            id=self.identifier,
            properties=_struct(self.state),
            inputs=_struct(self.inputs),
        )
        found = self._ask(self.stub.Read, request)
        self.identifier = found.id
        self.state, self.inputs = _values(found.properties), _values(found.inputs)

    def invoke(self, function: str) -> None:
        """Call a function of the package, without arguments."""
        self._ask(self.stub.Invoke, messages.InvokeRequest(tok=function))

    def delete(self) -> None:
        """Delete the resource."""
        request = messages.DeleteRequest(
            urn=_urn(self.token), id=self.identifier, properties=_struct(self.state)
        )
        self._ask(self.stub.Delete, request)
        self.identifier, self.state, self.inputs = "", {}, {}

    def _create(self, inputs: Values) -> None:
        checked = self.check(inputs)
        request = messages.CreateRequest(urn=_urn(self.token), properties=_struct(checked))
        made = self._ask(self.stub.Create, request)
        self.identifier, self.state, self.inputs = made.id, _values(made.properties), checked

    def _ask(self, method: Any, request: object) -> Any:  # noqa: ANN401 - gRPC has no types
        self.kept = None
        try:
            return method(request, timeout=300)
        except grpc.RpcError as error:
            for name, value in error.trailing_metadata() or ():
                if name == "grpc-status-details-bin":
                    self.kept = _left(value)
            raise RefusedError(error.details()) from None


@contextmanager
def plugin(name: str, environment: Mapping[str, str], token: str = "") -> Iterator[Plugin]:
    """Start a plugin as the engine does, but for the engine; end it afterwards."""
    program = PLUGINS / f"pulumi-resource-{name}"
    with subprocess.Popen([program], env=dict(environment), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Plugin(ResourceProviderStub(channel), token)
        finally:
            process.kill()


def _left(details: bytes) -> Values | None:
    from pulumi.runtime.proto.status_pb2 import Status  # noqa: PLC0415 - for failures alone

    for detail in Status.FromString(details).details:
        left = messages.ErrorResourceInitFailed()
        if detail.Unpack(left):
            return _values(left.properties)
    return None


def _expect_no_failures(failures: Any) -> None:  # noqa: ANN401 - gRPC has no types
    if failures:
        raise RefusedError("\n".join(f"{each.property}: {each.reason}" for each in failures))


def _urn(token: str) -> str:
    return f"urn:pulumi:test::project::{token}::name"


def _struct(values: Values) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


def _values(struct: Struct) -> Values:
    values: Values = json_format.MessageToDict(struct)
    return values


@dataclass(frozen=True)
class Project:
    """A Pulumi program of its own, run by the real engine with the laboratory's plugins."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    def program(self, *lines: str) -> None:
        """Let the program consist of ``lines``, after the imports they need."""
        text = "\n".join(lines)
        packages = [name for name in ("aws", "command", "vault") if f"{name}." in text]
        imports = ["import pulumi", *(f"import pulumi_{name} as {name}" for name in packages)]
        (self.folder / "__main__.py").write_text("\n".join((*imports, text)), "utf-8")

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI and return everything it printed; a test fails when it ends otherwise."""
        finished = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if (finished.returncode != 0) != fails:
            pytest.fail(f"pulumi {' '.join(arguments)}: {finished.returncode}\n{finished.stdout}")
        return finished.stdout

    def up(self, *arguments: str, fails: bool = False) -> str:
        """Deploy."""
        return self.pulumi("up", "--yes", "--skip-preview", *arguments, fails=fails)

    def state(self) -> str:
        """Return the state as the backend keeps it."""
        stacks = self.folder.parent / "state" / ".pulumi" / "stacks"
        return (stacks / self.folder.name / "test.json").read_text("utf-8")

    def resource(self, name: str) -> Values:
        """Return what the state says about one resource."""
        latest = json.loads(self.state())["checkpoint"]["latest"]
        for found in latest.get("resources", []):
            if found["urn"].endswith(f"::{name}"):
                return dict(found)
        return {}


def new_project(folder: Path) -> Project:
    """Make a project with a stack, a backend and a ``PULUMI_HOME`` of its own."""
    search = [str(ROOT / ".venv" / "bin"), os.environ["PATH"], str(ROOT / ".tools" / "bin")]
    path = os.pathsep.join(search)
    if shutil.which("pulumi", path=path) is None:
        pytest.fail("no pulumi on PATH or in .tools/bin; type `make tools`")
    state, project = folder / "state", folder / "project"
    for name in ("aws", "vault", "command"):
        home = folder / "home/plugins" / f"resource-{name}-v{metadata.version(f'pulumi-{name}')}"
        home.mkdir(parents=True)
        (home / f"pulumi-resource-{name}").symlink_to(PLUGINS / f"pulumi-resource-{name}")
    state.mkdir()
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: project\nruntime: python\n", "utf-8")
    environment = {
        "HOME": str(folder),
        "PATH": path,
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1,localhost",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "false",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    made = Project(project, environment)
    made.pulumi("stack", "init", "test")
    return made
