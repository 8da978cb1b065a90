"""`salestape check`: green on what ships and on a sound definition, and clear about the others."""

from pathlib import Path

import pytest
from conftest import Salestape

TABLE = """\
CREATE TABLE $table
(
    key        String COMMENT 'partition key',
    account    String COMMENT 'customer account',
    said       String COMMENT 'what was said',
    version    UInt64 COMMENT 'tape positions read',
    is_deleted UInt8 COMMENT '1 where no event is left'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (key, account)
COMMENT 'What accounts say'
"""

DERIVE = """\
-- now() in a comment, and 'today()' in a text, are no reading of the clock.
SELECT
    key,
    account,
    {said} AS said,
    {version} AS version,
    countIf(live) = 0 AS is_deleted
FROM effective
WHERE account != 'today()' {condition}
GROUP BY key, account
"""

SOUND = "argMaxIf(type, (time, sequence, source, id), live)"


def table(
    folder: Path,
    name: str,
    said: str = SOUND,
    version: str = "sum(positions)",
    condition: str = "",
    reading: str = "key",
) -> None:
    """Write a derived table of an analyst."""
    home = folder / name
    home.mkdir(parents=True)
    (home / "about.toml").write_text(
        f'purpose = "What accounts say."\nreading = "{reading}"\n'
        'key = ["key", "account"]\ntouched_by = ["sales."]\n'
    )
    (home / "table.sql").write_text(TABLE)
    (home / "derive.sql").write_text(DERIVE.format(said=said, version=version, condition=condition))
    (home / "read.sql").write_text(
        "-- One row per account.\n"
        "SELECT account, max(rows.said) AS said FROM rows GROUP BY account\n"
    )


EXPLAINED = "-- key: account\n-- why: account = row.account\n"


def question(
    folder: Path,
    name: str,
    sql: str,
    comments: str = "-- * account: account\n",
    explained: str = EXPLAINED,
) -> None:
    """Write a question of an analyst."""
    path = folder / "views" / "own" / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"-- Which accounts there are.\n--\n{comments}{explained}{sql}\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own = tmp_path / "own"
    table(own, "sound")
    table(own, "by_the_clock", condition="AND time < now()")
    table(own, "unknown_field", said="toString(max(no_such_field))")
    table(own, "by_chance", said=f"{SOUND} || toString(rand())")
    table(own, "any_order", said="anyIf(type, live)")
    table(own, "counts_records", said="toString(sum(positions))")
    table(own, "does_not_grow", version="toUInt64(countIf(live))")
    table(own, "by_day", reading="day")
    question(
        own,
        "asks_well",
        "SELECT account FROM sound WHERE as_of() > toDate('2020-01-01')\n"
        "AND account NOT IN (SELECT rep FROM waiting_leads)",
    )
    question(own, "explains_nothing", "SELECT account FROM sound", explained="")
    question(
        own,
        "explains_wrongly",
        "SELECT account FROM sound",
        explained="-- key: account\n-- why: no_such_column = row.account\n",
    )
    question(
        own,
        "names_no_row",
        "SELECT account FROM sound ARRAY JOIN [1, 2] AS twice",
        explained=EXPLAINED,
    )
    question(own, "asks_the_clock", "SELECT account\nFROM sound\nWHERE now() > '2020-01-01'")
    question(own, "asks_final", "SELECT account FROM sound FINAL")
    question(own, "asks_the_store", "SELECT account FROM sales_store.events")
    question(own, "asks_nobody", "SELECT account, nothing FROM sound")
    question(own, "says_too_little", "SELECT account, said FROM sound")
    question(own, "says_too_much", "SELECT account FROM sound", "-- * account: a\n-- * b: c\n")
    return own


def test_each_fault_of_a_definition_is_found_where_it_is_and_nothing_else(
    newcomer: Salestape, folder: Path
) -> None:
    done = newcomer("check", str(folder), "--json")
    assert done.code == 1, done.err
    tried = {path.name for path in folder.iterdir()} - {"views"}
    assert set(done.json["tables"]) == tried, "what ships is made for them, and not tried again"
    assert set(done.json["questions"]) == {path.stem for path in folder.glob("views/own/*.sql")}
    found = done.json["findings"]
    assert not [one for one in found if not one["file"].startswith(str(folder))]
    told = {
        (str(Path(one["file"]).relative_to(folder)), one["line"], word)
        for one in found
        for word in WORDS
        if word in one["problem"]
    }
    assert told >= {
        ("by_the_clock/derive.sql", 9, "clock"),
        ("unknown_field/derive.sql", 5, "no_such_field"),
        ("by_chance/derive.sql", 5, "another value"),
        ("any_order/derive.sql", 5, "order"),
        ("counts_records/derive.sql", 5, "once more"),
        ("does_not_grow/derive.sql", 6, "grow"),
        ("by_day/about.toml", None, "conflicts"),
        ("views/own/explains_nothing.sql", None, "which events are behind"),
        ("views/own/explains_wrongly.sql", None, "no_such_column"),
        ("views/own/names_no_row.sql", None, "one row each"),
        ("views/own/asks_the_clock.sql", 8, "as_of()"),
        ("views/own/asks_final.sql", 6, "FINAL"),
        ("views/own/asks_the_store.sql", 6, "sales_store"),
        ("views/own/asks_nobody.sql", 6, "nothing"),
        ("views/own/says_too_little.sql", 6, "said has no comment"),
        ("views/own/says_too_much.sql", 4, "b has a comment"),
    }
    files = {Path(one["file"]).relative_to(folder).parts for one in found}
    assert not [parts for parts in files if "sound" in parts or "asks_well.sql" in parts]
    assert not newcomer.data.exists()


WORDS = (
    "clock", "no_such_field", "another value", "order", "once more", "grow", "conflicts",
    "as_of()", "FINAL", "sales_store", "nothing", "said has no comment", "b has a comment",
    "which events are behind", "no_such_column", "one row each",
)  # fmt: skip


def test_a_definition_that_cannot_be_read_is_named_with_its_file(
    newcomer: Salestape, tmp_path: Path
) -> None:
    table(tmp_path, "broken")
    (tmp_path / "broken" / "about.toml").write_text("purpose = [")
    newcomer.environment = {"SALESTAPE_PROJECTIONS": str(tmp_path)}
    done = newcomer("check")
    assert (done.code, done.out) == (1, "")
    assert str(tmp_path / "broken" / "about.toml") in done.err
