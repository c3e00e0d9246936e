"""What each fork would find out anew, and always alike, is found out before the first one."""

from __future__ import annotations

import email
import gc
import importlib.metadata
import os
from functools import cache

import pulumi
import pulumi_vault
from pulumi._types import _types_from_py_properties, is_input_type

from clients import aws


def find_out() -> None:
    """Fill the caches of the libraries that the engine's Python uses; once all is imported."""
    _ = pulumi_vault.identity.Group, pulumi_vault.jwt.AuthBackendRole  # imported when named
    for each in gc.get_objects():
        if isinstance(each, type) and (is_input_type(each) or issubclass(each, pulumi.Resource)):
            _types_from_py_properties(each)  # which remembers it

    # How botocore's own files describe services; those of whoever runs the tests are not read.
    for file in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        os.environ[file] = os.devnull
    key = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}
    session = aws.new_session(region_name="us-east-1", **key)
    for service in ("iam", "sts"):
        session.client(service)

    # What the installed packages say of themselves, which pip lists.
    email.message_from_string = cache(email.message_from_string)  # type: ignore[assignment] # alike
    for package in importlib.metadata.distributions():
        _ = package.metadata


def leave_out() -> None:
    """Leave out what nobody looks at: debug messages, each a request of its own to the engine."""
    pulumi.log.debug = lambda *_, **__: None
