"""What a provider asks of IAM while one resource of each type is made, changed and deleted.

``record_aws.py`` runs the series below through real Terraform with the real ``hashicorp/aws`` and
keeps what it asked in ``recordings/``; ``test_plugins_aws.py`` holds the laboratory's stand-in to
it on every run.
"""

from __future__ import annotations

import io
import json
import os
import re
import threading
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import boto3
from cheroot.wsgi import Server
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_iam import IAMClient

Values = dict[str, Any]
Request = dict[str, Any]

RECORDINGS: Final = Path(__file__).parent / "recordings"
ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"
DEFAULT_TAGS: Final = {"all": "1"}
ATTEMPTS: Final = 6
"""As ``max_retries``, for the recording of how long a request that fails is repeated."""
_URL = "https://vault.lab.test/v1/identity/oidc/plugins"
_PRINTS = ["a" * 40, "b" * 40]
_READS = ("Get", "List")


def _document(**statement: object) -> str:
    whole = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    return json.dumps(whole)


def _trust(service: str) -> str:
    return _document(Principal={"Service": service}, Action="sts:AssumeRole")


def _grant(*actions: str) -> str:
    return _document(Action=list(actions), Resource="*")


def _spaced(document: str) -> str:
    return json.dumps(json.loads(document), indent=2, sort_keys=True)


_ROLE = {"name": "role", "assume_role_policy": _trust("ec2.amazonaws.com")}
_FULL_ROLE = {
    **_ROLE,
    "description": "first",
    "max_session_duration": 7200,
    "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "tags": {"own": "1", "all": "2"},
}
_POLICY = {"name": "issue", "role": "host", "policy": _grant("iam:GetUser", "iam:CreateUser")}
_ATTACHMENT = {"role": "host", "policy_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary"}
_PROVIDER = {"url": _URL, "client_id_list": ["b"]}
_FULL_PROVIDER = {
    **_PROVIDER,
    "client_id_list": ["b", "a"],
    "thumbprint_list": _PRINTS,
    "tags": {"own": "1"},
}


def _without(values: Values, name: str) -> Values:
    return {key: value for key, value in values.items() if key != name}


def _each_input(small: Values, full: Values, other: Values) -> Iterator[tuple[str, Values]]:
    """Add every optional input, change it, and take it away again, one at a time."""
    for name in full:
        if small.get(name) == full[name]:
            continue
        yield f"with {name}", {**small, name: full[name]}
        yield f"with another {name}", {**small, name: other[name]}
        yield f"without {name}", small


SERIES: Final[dict[str, list[tuple[str, Values]]]] = {
    "aws_iam_role": [
        ("made small", _ROLE),
        ("unchanged", _ROLE),
        *_each_input(
            _ROLE,
            {**_FULL_ROLE, "force_detach_policies": True},
            {
                "description": "second",
                "max_session_duration": 10800,
                "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/other",
                "tags": {"own": "2", "new": "1"},
                "force_detach_policies": False,
            },
        ),
        ("trust respelled", {**_ROLE, "assume_role_policy": _spaced(_trust("ec2.amazonaws.com"))}),
        ("another trust", {**_ROLE, "assume_role_policy": _trust("lambda.amazonaws.com")}),
        ("everything at once", _FULL_ROLE),
        ("everything taken away", _ROLE),
        ("made anew on another path, with everything", {**_FULL_ROLE, "path": "/vault/"}),
        ("made anew by another name", {**_ROLE, "name": "other"}),
    ],
    "aws_iam_role_policy": [
        ("made", _POLICY),
        ("unchanged", _POLICY),
        ("respelled", {**_POLICY, "policy": _spaced(str(_POLICY["policy"]))}),
        ("another order", {**_POLICY, "policy": _grant("iam:CreateUser", "iam:GetUser")}),
        ("other actions", {**_POLICY, "policy": _grant("iam:DeleteUser")}),
        ("made anew by another name", {**_POLICY, "name": "other"}),
        ("made anew on another role", {**_POLICY, "role": "second"}),
    ],
    "aws_iam_role_policy_attachment": [
        ("made", _ATTACHMENT),
        ("unchanged", _ATTACHMENT),
        (
            "another policy",
            {**_ATTACHMENT, "policy_arn": f"arn:aws:iam::{ACCOUNT}:policy/other"},
        ),
        ("another role", {**_ATTACHMENT, "role": "second"}),
    ],
    "aws_iam_openid_connect_provider": [
        ("made small", _PROVIDER),
        ("unchanged", _PROVIDER),
        *_each_input(
            _PROVIDER,
            _FULL_PROVIDER,
            {
                "client_id_list": ["c"],
                "thumbprint_list": _PRINTS[::-1],
                "tags": {"own": "2", "new": "1"},
            },
        ),
        ("everything at once", _FULL_PROVIDER),
        ("audiences in another order", {**_FULL_PROVIDER, "client_id_list": ["a", "b"]}),
        ("thumbprints left out", _without(_FULL_PROVIDER, "thumbprint_list")),
        ("made anew for another issuer", {**_FULL_PROVIDER, "url": _URL + "x"}),
    ],
}
"""By type: what is done, and the inputs in Terraform's names. Each ends with a deletion."""


class Cloud:
    """An IAM and STS on loopback that keeps what it is asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.failed: list[float] = []
        """When a request was answered with an error of the server's, while ``failing``."""
        self.failing = False
        self._answers: dict[str, tuple[list[Any], bytes]] = {}
        """By a client's invocation."""
        self._lock = threading.Lock()
        self._inner = DomainDispatcherApplication(create_backend_app)
        # Longer than a client keeps an idle connection: a server that closes first loses requests.
        self._server = Server(("127.0.0.1", 0), self._answer, numthreads=8, timeout=600)
        self._server.prepare()
        self.address = f"http://127.0.0.1:{self._server.bind_addr[1]}"

    @contextmanager
    def serving(self) -> Iterator[Cloud]:
        """Serve, with what the series refer to: two policies and two roles."""
        thread = threading.Thread(target=self._server.serve, daemon=True)
        thread.start()
        try:
            get_backend("iam").reset()
            iam = self.client()
            for name in ("boundary", "other"):
                iam.create_policy(PolicyName=name, PolicyDocument=_grant("s3:GetObject"))
            for name in ("host", "second"):
                iam.create_role(RoleName=name, AssumeRolePolicyDocument=_trust("ec2.amazonaws.com"))
            self.requests.clear()
            yield self
        finally:
            self._server.stop()
            thread.join()

    def client(self) -> IAMClient:
        """Return an administrator's client."""
        return boto3.client(
            "iam",
            endpoint_url=self.address,
            region_name=REGION,
            aws_access_key_id="false-key",
            aws_secret_access_key="false-secret",
        )

    def environment(self) -> dict[str, str]:
        """Return what a program needs to ask this cloud and no other."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ACCESS_KEY_ID": "false-key",
            "AWS_SECRET_ACCESS_KEY": "false-secret",
            "AWS_ENDPOINT_URL_IAM": self.address,
            "AWS_ENDPOINT_URL_STS": self.address,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _answer(self, environ: Values, start: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if self.failing:
            self.failed.append(time.monotonic())
            start("500 Internal Server Error", [("Content-Length", "0")])
            return []
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if not invocation:
            return self._served(body, environ, start)
        # On a busy machine AWS's Go SDK drops an answer that comes before it has closed its own
        # request, and repeats it. That is the same question, and has the same answer.
        with self._lock:
            if invocation not in self._answers:
                head: list[Any] = []
                answer = b"".join(self._served(body, environ, lambda *said: head.extend(said)))
                self._answers[invocation] = (head, answer)
        head, answer = self._answers[invocation]
        start(*head)
        return [answer]

    def _served(self, body: bytes, environ: Values, start: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        asked = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.requests.append(asked)
        if "ClientID" not in asked:  # moto has neither operation on an audience
            served: Iterable[bytes] = self._inner(environ, start)
            return served
        self._change_audiences(asked)
        answer = f"<{asked['Action']}Response/>".encode()
        start("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(answer)))])
        return [answer]

    @staticmethod
    def _change_audiences(asked: Request) -> None:
        providers = get_backend("iam")[ACCOUNT]["aws"].open_id_providers
        audiences = providers[asked["OpenIDConnectProviderArn"]].client_id_list
        change = audiences.append if asked["Action"].startswith("Add") else audiences.remove
        change(asked["ClientID"])


def played(cloud: Cloud, kind: str, apply: Callable[[Values], object]) -> list[Values]:
    """Return what was asked in each step of a series, the deletion last.

    Of reads only which there were: how often one is repeated until IAM has heard of something is
    a matter of time.
    """
    steps = []
    for title, inputs in [*SERIES[kind], ("deleted", {})]:
        cloud.requests.clear()
        apply(inputs)
        asked = [_told(request) for request in cloud.requests]
        steps.append(
            {
                "step": title,
                "writes": [each for each in asked if not each["Action"].startswith(_READS)],
                "reads": sorted({e["Action"] for e in asked if e["Action"].startswith(_READS)}),
            }
        )
    return steps


def pauses(cloud: Cloud, apply: Callable[[Values], object]) -> list[float]:
    """Return the seconds between the attempts of one request that fails every time.

    ``apply`` is to fail, with a provider that is told to make ``ATTEMPTS``.
    """
    cloud.failing = True
    try:
        apply(SERIES["aws_iam_role"][0][1])
    finally:
        cloud.failing = False
    return [round(after - before, 2) for before, after in pairwise(cloud.failed)]


def _told(request: Request) -> Request:
    """Return a request with lists in one order and documents without their spelling."""
    told: Request = {}
    lists: dict[str, dict[str, dict[str, str]]] = {}
    for key, value in request.items():
        member = re.fullmatch(r"(\w+)\.member\.(\d+)(?:\.(\w+))?", key)
        if member:
            name, index, part = member.groups()
            lists.setdefault(name, {}).setdefault(index, {})[part or ""] = value
        elif key.endswith("Document"):
            told[key] = json.loads(value)
        elif key != "Version":
            told[key] = value
    for name, members in lists.items():
        found: list[Any] = [each.get("", each) for each in members.values()]
        told[name] = found if name == "ThumbprintList" else sorted(found, key=json.dumps)
    return told
