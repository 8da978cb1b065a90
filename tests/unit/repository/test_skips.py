"""On CI a skipped test is a failure, unless nothing could be done to run it."""

from pathlib import Path

import pytest

RULE = Path(__file__).resolve().parents[2] / "conftest.py"

TESTS = """
import pytest

def test_that_passes():
    pass

def test_that_gives_up():
    pytest.skip("no such thing here")

@pytest.mark.skip(reason="not today")
def test_that_is_marked():
    pass

def test_that_cannot_run_anywhere():
    pytest.skip("cannot be otherwise: no kernel has it")

@pytest.mark.xfail(reason="known", strict=True)
def test_that_is_known_to_fail():
    raise AssertionError
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # the rule is all that is tested
    pytester.makeconftest(RULE.read_text())
    return pytester


def test_elsewhere_a_skip_is_a_skip(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    project.makepyfile(TESTS)
    project.runpytest_inprocess().assert_outcomes(passed=1, skipped=3, xfailed=1)


def test_on_ci_a_skip_is_a_failure_that_gives_the_reason(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile(TESTS)
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1, errors=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*skipped, which is a failure on CI: no such thing here*"])


def test_on_ci_a_module_that_skips_itself_is_a_failure(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile("import pytest; pytest.skip('all of it', allow_module_level=True)")
    result = project.runpytest_inprocess()
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*skipped, which is a failure on CI: all of it*"])


def test_on_ci_absent_data_sets_are_a_failure(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("SALESTAPE_DATA_SETS", str(project.path / "nowhere"))
    project.makepyfile("def test_that_needs_them(data_sets): pass")
    result = project.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the public data sets are not here: *nowhere*"])
