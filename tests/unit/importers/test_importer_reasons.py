"""The engine's errors, without what only the engine's makers need."""

from clickhouse_connect.driver.exceptions import DatabaseError

from services.importers.engine import reason_of


def test_codes_scopes_and_expectations_are_left_out() -> None:
    assert (
        reason_of(
            DatabaseError(
                "Code: 47. DB::Exception: Unknown expression identifier `sum` in scope SELECT "
                "sum FROM t. Maybe you meant: ['summe']. (UNKNOWN_IDENTIFIER) (version 26.9.2.1)"
            )
        )
        == "Unknown expression identifier `sum`. Maybe you meant: ['summe']"
    )
    assert (
        reason_of(
            DatabaseError(
                "Code: 62. DB::Exception: Syntax error: failed at position 3 (x): x. Expected one "
                "of: token, Comma, FROM. (SYNTAX_ERROR)"
            )
        )
        == "Syntax error: failed at position 3 (x): x"
    )


def test_a_long_reason_is_cut() -> None:
    assert len(reason_of(DatabaseError("DB::Exception: " + "a" * 5_000))) == 400
