"""Record what the real ``hashicorp/aws`` asks: ``make record``, some minutes.

The laboratory's stand-in is then held to it by ``test_plugins_aws.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.laboratory.aws_requests import (
    ATTEMPTS,
    DEFAULT_TAGS,
    RECORDINGS,
    REGION,
    SERIES,
    Cloud,
    Values,
    pauses,
    played,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class FailedError(Exception):
    """Terraform failed; the text is what it printed."""


def main() -> int:
    """Record anew with the Terraform and the aws provider of this machine."""
    mirror = Path(os.environ.get("AWS_MIRROR", "/opt/tf-plugins"))
    found = sorted(mirror.glob("*/hashicorp/aws/*"))
    if not shutil.which("terraform") or not found:
        print(
            f"recording needs `terraform` on PATH and hashicorp/aws under {mirror}, in Terraform's "
            "mirror layout (AWS_MIRROR names another folder)",
            file=sys.stderr,
        )
        return 1
    version = found[-1].name
    with Cloud().serving() as cloud:
        steps = {}
        for kind in SERIES:
            print(f"recording {kind}", flush=True)
            with _terraform(cloud, kind, mirror, version) as apply:
                steps[kind] = played(cloud, kind, apply)
        print("recording what is repeated", flush=True)
        with _terraform(cloud, "aws_iam_role", mirror, version, {"max_retries": ATTEMPTS}) as apply:
            seconds = pauses(cloud, lambda inputs: _fails(apply, inputs))
    RECORDINGS.mkdir(exist_ok=True)
    for old in RECORDINGS.glob("aws-*.json"):
        old.unlink()
    target = RECORDINGS / f"aws-{version}.json"
    target.write_text(
        json.dumps({"provider": f"hashicorp/aws {version}", "pauses": seconds, **steps}, indent=1)
        + "\n"
    )
    print(f"recorded {target.name}")
    return 0


@contextmanager
def _terraform(
    cloud: Cloud, kind: str, mirror: Path, version: str, settings: Values | None = None
) -> Iterator[Callable[[Values], None]]:
    """Yield what gives the one resource of a configuration other inputs; none delete it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cli.tfrc").write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        )
        environment = {
            **cloud.environment(),
            "TF_CLI_CONFIG_FILE": str(folder / "cli.tfrc"),
            "CHECKPOINT_DISABLE": "1",
        }

        def terraform(*arguments: str) -> None:
            finished = subprocess.run(
                ["terraform", *arguments, "-no-color", "-input=false"],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if finished.returncode:
                raise FailedError(finished.stdout)

        def apply(inputs: Values) -> None:
            _write_configuration(folder, kind, version, inputs, settings or {})
            if not (folder / ".terraform").exists():
                terraform("init")
            terraform("apply", "-auto-approve")

        yield apply


def _fails(apply: Callable[[Values], None], inputs: Values) -> None:
    with suppress(FailedError):
        apply(inputs)


def _write_configuration(
    folder: Path, kind: str, version: str, inputs: Values, settings: Values
) -> None:
    text = {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": version}}
        },
        "provider": {"aws": {"region": REGION, "default_tags": {"tags": DEFAULT_TAGS}, **settings}},
        **({"resource": {kind: {"it": inputs}}} if inputs else {}),
    }
    (folder / "main.tf.json").write_text(json.dumps(text))


if __name__ == "__main__":
    sys.exit(main())
