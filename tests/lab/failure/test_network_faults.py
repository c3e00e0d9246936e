"""Single writes that the network refuses, holds or loses, as clients see them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest
import requests
from botocore.exceptions import ClientError

from lab.switches import Fault, SwitchBoard, Switches, changed, parse, store
from tests.lab.faults import Faults
from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.lab.conftest import Laboratory

DEADLINE_SECONDS = 20
POLICY = "sys/policies/acl/probe"
WRITE = f"vault.lab.test POST /v1/{POLICY}"
TRUST = '{"Version":"2012-10-17","Statement":[]}'


class Writer(threading.Thread):
    """Writes one Vault policy, and keeps how that ended."""

    def __init__(self, laboratory: Laboratory) -> None:
        super().__init__(daemon=True)
        self.client = laboratory.vault()
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            _write(self.client)
        except (hvac.exceptions.VaultError, requests.RequestException) as error:
            self.error = error


@pytest.fixture
def faults(laboratory: Laboratory) -> Iterator[Faults]:
    made = Faults(laboratory.home)
    made.watch()
    yield made
    made.watch()
    laboratory.vault().delete(POLICY)
    store(laboratory.home, Switches())


@pytest.fixture
def laboratory(world: Laboratory) -> Laboratory:
    return world


def test_writes_are_listed_and_reads_are_not(faults: Faults, laboratory: Laboratory) -> None:
    _write(laboratory.vault())
    laboratory.vault().sys.list_policies()
    administrator(laboratory).list_roles()
    assert faults.writes() == [WRITE]


def test_reads_can_be_listed_too(faults: Faults, laboratory: Laboratory) -> None:
    store(laboratory.home, Switches(fault=Fault(kind="watch-all")))
    _write(laboratory.vault())
    laboratory.vault().sys.list_policies()
    administrator(laboratory).list_roles()
    assert faults.writes() == [WRITE]
    assert faults.writes("read") == [
        "vault.lab.test GET /v1/sys/policy",
        "iam.amazonaws.com ListRoles",
    ]


def test_without_a_fault_nothing_is_listed(faults: Faults, laboratory: Laboratory) -> None:
    store(laboratory.home, Switches())
    _write(laboratory.vault())
    assert faults.writes() == []


def test_a_refused_write_does_not_reach_vault_and_the_next_one_does(
    faults: Faults, laboratory: Laboratory
) -> None:
    faults.set(Fault(kind="refuse", write=WRITE))
    client = laboratory.vault()
    with pytest.raises(hvac.exceptions.Forbidden, match="permission denied"):
        _write(client)
    assert not _written(laboratory)
    _write(client)
    assert _written(laboratory)
    assert (faults.writes("refused"), faults.writes()) == ([WRITE], [f"{WRITE} (2)"])


def test_a_refused_call_does_not_reach_aws_and_the_next_one_does(
    faults: Faults, laboratory: Laboratory
) -> None:
    write = "iam.amazonaws.com CreateRole probe"
    faults.set(Fault(kind="refuse", write=write))
    iam = administrator(laboratory)
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.create_role(RoleName="probe", AssumeRolePolicyDocument=TRUST)
    assert iam.list_roles()["Roles"] == []
    assert faults.writes("refused") == [write]


def test_the_second_of_two_like_writes_can_be_the_one(
    faults: Faults, laboratory: Laboratory
) -> None:
    faults.set(Fault(kind="refuse", write=f"{WRITE} (2)"))
    client = laboratory.vault()
    _write(client)
    with pytest.raises(hvac.exceptions.Forbidden):
        _write(client)
    _write(client)
    assert faults.writes() == [WRITE, f"{WRITE} (3)"]
    assert faults.writes("refused") == [f"{WRITE} (2)"]


def test_the_first_write_that_is_not_spared_can_be_the_one(
    faults: Faults, laboratory: Laboratory
) -> None:
    faults.set(Fault(kind="refuse", spared=(WRITE,)))
    client = laboratory.vault()
    _write(client)
    with pytest.raises(hvac.exceptions.Forbidden):
        client.delete(POLICY)
    client.delete(POLICY)
    assert faults.writes("refused") == [f"vault.lab.test DELETE /v1/{POLICY}"]
    assert not _written(laboratory)


def test_a_held_write_arrives_once_the_switch_changes(
    faults: Faults, laboratory: Laboratory
) -> None:
    faults.set(Fault(kind="hold", write=WRITE))
    writer = Writer(laboratory)
    _await(lambda: faults.writes("held") == [WRITE])
    assert not _written(laboratory)
    faults.switch(Fault(kind="watch"))
    writer.join(DEADLINE_SECONDS)
    assert writer.error is None
    assert _written(laboratory)


def test_a_held_write_never_arrives_when_its_client_leaves(
    faults: Faults, laboratory: Laboratory
) -> None:
    faults.set(Fault(kind="hold", write=WRITE))
    impatient = laboratory.vault()
    impatient.adapter._kwargs["timeout"] = 0.2
    with pytest.raises(requests.Timeout):
        _write(impatient)
    impatient.adapter.close()
    _await(lambda: faults.writes("withdrawn") == [WRITE])
    faults.switch(Fault(kind="watch"))
    assert not _written(laboratory)


def test_a_lost_answer_is_lost_after_the_server_has_acted(
    faults: Faults, laboratory: Laboratory
) -> None:
    faults.set(Fault(kind="lose", write=WRITE))
    writer = Writer(laboratory)
    _await(lambda: faults.writes("answered") == [WRITE])
    assert _written(laboratory)
    assert writer.is_alive()
    faults.switch(Fault(kind="watch"))
    writer.join(DEADLINE_SECONDS)
    assert isinstance(writer.error, requests.ConnectionError)


def test_a_fault_can_be_typed_stored_and_read_back(laboratory: Laboratory) -> None:
    switches = changed(Switches(), [f"fault=hold:{WRITE}"])
    assert switches.fault == Fault(kind="hold", write=WRITE)
    assert changed(switches, ["fault=watch"]).fault == Fault(kind="watch")
    store(laboratory.home, switches)
    assert SwitchBoard(laboratory.home).read() == switches
    assert changed(switches, ["fault="]) == Switches()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            {"kind": "burn"},
            "the kind of the fault is 'burn'; it may be watch, watch-all, refuse, hold, lose",
        ),
        ({"write": "x"}, "a fault has a kind and may have write and spared; given: write"),
    ],
)
def test_an_unknown_fault_is_refused_with_what_is_known(
    fault: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parse({"fault": fault})


def _write(client: hvac.Client) -> None:
    client.write_data(POLICY, data={"policy": 'path "probe" {capabilities = ["read"]}'})


def _written(laboratory: Laboratory) -> bool:
    return laboratory.vault().read(POLICY) is not None


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
