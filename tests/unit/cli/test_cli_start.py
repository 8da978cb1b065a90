"""How the command starts and ends: at once, with codes that scripts can use."""

import importlib
import socket
import subprocess
import sys

import pytest

from services.cli import failures
from services.cli.failures import Unreachable
from services.cli.serving import address_of, listen

SLOW = ("chdb", "clickhouse_connect", "fastapi", "nicegui", "pydantic", "pyarrow")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, services.cli.main as m\n"
        "try: m.app(['--help'])\n"
        f"finally: print(sorted(set({SLOW!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.strip() == "[]"
    for command in ("up", "import", "simulate", "show", "sql", "replay", "feed", "rebuild"):
        assert f" {command} " in done.stdout


@pytest.mark.parametrize("name", failures.CODES)
def test_every_expected_error_is_one_that_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    found = getattr(importlib.import_module(module), kind)
    assert issubclass(found, Exception)
    assert found.__module__ == module  # where it is defined, which is what is compared


def test_an_error_shares_the_code_of_its_kind_and_others_are_faults() -> None:
    from infra.tape import TapeRefused

    found = failures.of(TapeRefused("it is full"))
    assert found == failures.Failure("it is full", failures.UNREACHABLE)
    assert failures.of(RuntimeError("a fault")) is None


def test_a_taken_port_leads_to_the_next_one_unless_just_that_was_wanted() -> None:
    with listen("127.0.0.1", 0, exactly=False) as first:
        taken = first.getsockname()[1]
        with pytest.raises(Unreachable, match=f"127.0.0.1:{taken}"):
            listen("127.0.0.1", taken, exactly=True)
        with listen("127.0.0.1", taken, exactly=False) as second:
            assert second.getsockname()[1] > taken
            assert address_of(second) == f"http://127.0.0.1:{second.getsockname()[1]}"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_written_so_that_it_can_be_used() -> None:
    try:
        with listen("::1", 0, exactly=True) as listener:
            assert address_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"
    except Unreachable:
        pytest.skip("cannot be otherwise: this machine has no IPv6 address")
