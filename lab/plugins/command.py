"""Stand-in for the official ``command`` plugin: scripts run by a shell on this machine."""

from __future__ import annotations

import os
import secrets
import subprocess
import threading
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

import grpc  # type: ignore[import-untyped] # publishes no types
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from lab.plugins.provider import Plugin
from lab.plugins.resource import Input, ProviderError, Resource
from lab.plugins.server import serve

if TYPE_CHECKING:
    from lab.plugins.values import Values

SHELL: Final = ("/bin/sh", "-c")
LOGGED: Final[dict[str, frozenset[str]]] = {
    "none": frozenset(),
    "stdout": frozenset({"stdout"}),
    "stderr": frozenset({"stderr"}),
    "stdoutAndStderr": frozenset({"stdout", "stderr"}),
}
"""Streams that each value of ``logging`` shows while a script runs."""


@dataclass(frozen=True, kw_only=True)
class Shell:
    """What scripts share: the engine that shows their output, and who is running."""

    engine: str
    """Address of the engine; empty shows nothing."""
    running: set[subprocess.Popen[str]] = field(default_factory=set)

    def show(self, urn: str, line: str) -> None:
        """Show one line of output next to the resource."""
        if not self.engine:
            return
        with grpc.insecure_channel(self.engine) as channel:
            engine_pb2_grpc.EngineStub(channel).Log(
                engine_pb2.LogRequest(severity=engine_pb2.INFO, message=line, urn=urn)
            )


class Command(Resource[Shell]):
    """``command:local:Command``: only ``triggers`` replace, any other change runs ``update``.

    A script that fails fails its operation and leaves the state as it was, unlike the official
    aws and vault plugins.
    """

    token = "command:local:Command"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {
        "create": Input(),
        "update": Input(),
        "delete": Input(),
        "environment": Input(),
        "triggers": Input(replace=True),
        "dir": Input(),
        "stdin": Input(),
        "interpreter": Input(),
        "logging": Input(),
        "addPreviousOutputInEnv": Input(),
    }
    outputs = ("stdout", "stderr")
    recomputed = ("stdout", "stderr")
    keeps_failed_update = False

    def create(self, planned: Values) -> str:
        """Run ``create``; the identifier is the resource's name and a random suffix."""
        self._printed = self._run(planned.get("create"), planned, {})
        return self.urn.rsplit("::", 1)[-1] + secrets.token_hex(4)

    def read(self, identifier: str, state: Values) -> Values | None:  # noqa: ARG002 - interface
        """Return the state: a script leaves nothing that could be read."""
        return state

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Run ``update``, or ``create`` again when there is none."""
        self._printed = self._run(planned.get("update", planned.get("create")), planned, old)
        return identifier

    def written(self, identifier: str, planned: Values) -> Values:  # noqa: ARG002 - interface
        """Return the inputs and what the script printed."""
        return planned | self._printed

    def delete(self, identifier: str, state: Values) -> None:  # noqa: ARG002 - interface
        """Run ``delete``; if it fails, so does the removal."""
        self._run(state.get("delete"), state, state)

    def hidden(self, given: set[str]) -> set[str]:
        """Every output depends on every input, so one secret input hides what was printed."""
        return super().hidden(given) | (set(self.outputs) if given else set())

    def _run(self, script: str | None, inputs: Values, before: Values) -> Values:
        printed = {key: before[key] for key in self.outputs if before.get(key)}
        if script is not None:
            command = [*(inputs.get("interpreter") or SHELL), script]
            printed = self._execute(command, inputs, self._environment(inputs, printed))
        return dict.fromkeys(self.outputs, "") | printed

    @staticmethod
    def _environment(inputs: Values, printed: Values) -> dict[str, str]:
        # PYTHONPATH is how this plugin itself is started; a script must not find modules by it.
        added = {}
        if inputs.get("addPreviousOutputInEnv", True):
            added = {f"PULUMI_COMMAND_{key.upper()}": text for key, text in printed.items()}
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**inherited, **inputs.get("environment", {}), **added}

    def _execute(self, command: list[str], inputs: Values, environment: dict[str, str]) -> Values:
        try:
            process = subprocess.Popen(
                command,
                cwd=inputs.get("dir"),
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise ProviderError(f"cannot run {command[0]!r}: {error.strerror}") from error
        self.session.running.add(process)
        try:
            return self._finish(process, inputs)
        finally:
            self.session.running.discard(process)

    def _finish(self, process: subprocess.Popen[str], inputs: Values) -> Values:
        shown = LOGGED[inputs.get("logging", "stdoutAndStderr")]
        everything: list[str] = []
        printed: dict[str, list[str]] = {"stdout": [], "stderr": []}
        readers = [
            threading.Thread(
                target=self._collect,
                args=(stream, lines, everything),
                kwargs={"show": name in shown},
            )
            for name, lines in printed.items()
            if (stream := getattr(process, name)) is not None
        ]
        for reader in readers:
            reader.start()
        _feed(process, inputs.get("stdin", ""))
        for reader in readers:
            reader.join()
        code = process.wait()
        if code:
            # Without the script itself, which may have a secret written into it.
            raise ProviderError(f"the script ended with status {code}:\n{''.join(everything)}")
        return {name: "".join(lines).removesuffix("\n") for name, lines in printed.items()}

    def _collect(
        self, stream: IO[str], lines: list[str], everything: list[str], *, show: bool
    ) -> None:
        for line in stream:
            lines.append(line)
            everything.append(line)
            if show:
                self.session.show(self.urn, line.rstrip("\n"))


def _feed(process: subprocess.Popen[str], text: str) -> None:
    if process.stdin is None:
        return
    try:
        with process.stdin as stream:
            stream.write(text)
    except BrokenPipeError:
        pass  # A script may end without reading what it was given; its exit code decides.


class CommandPlugin(Plugin[Shell]):
    """The ``command`` package."""

    package = "command"
    resources = (Command,)
    settings: ClassVar[dict[str, type]] = {}

    def open(self, settings: Values) -> Shell:  # noqa: ARG002 - the package has no settings
        """Return the shell that scripts run in."""
        return Shell(engine=self.engine)

    async def cancel(self) -> None:
        """End the scripts that run, as the person who cancelled wants."""
        shell: Any = self._session
        for process in list(shell.running) if shell else ():
            process.terminate()


if __name__ == "__main__":
    serve(CommandPlugin())
