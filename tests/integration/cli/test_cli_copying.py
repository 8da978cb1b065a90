"""`salestape copy`: a tape taken along to Kafka gives the same figures; misuse is refused."""

from pathlib import Path

from conftest import Salestape, StartUp

from infra import clock

FIGURES = "SELECT account, purchases, last_purchase_at FROM accounts ORDER BY account"


def test_a_tape_taken_along_to_kafka_gives_the_same_figures(
    salestape: Salestape, shop: Path, kafka: str, tmp_path: Path, up: StartUp
) -> None:
    salestape("import", str(shop), str(shop))
    figures = salestape.sql(FIGURES)
    source = f"sqlite://{salestape.data}/tape.sqlite"
    target = f"kafka://{kafka}/test.{clock.new_id()}"

    running = up(salestape)  # the source may be in use
    copied = salestape("copy", source, target, "--json")
    assert copied.code == 0, copied.err
    told = copied.json
    assert (told["records"], told["added"], told["later"]) == (3, 3, 0)
    taken = salestape("copy", target, source)
    assert taken.code == 3  # the target may not
    assert "in use by `salestape up`" in taken.err
    assert running.end().code == 0

    elsewhere = Salestape(tmp_path / "elsewhere", {"SALESTAPE_TAPE": target})
    assert elsewhere.sql(FIGURES) == figures

    back = f"sqlite://{tmp_path}/back/tape.sqlite"
    again = salestape("copy", target, back)
    assert again.code == 0
    assert f"digest {told['digest']}" in again.out
    assert "3 records are the same on both tapes" in again.out

    other = Salestape(tmp_path / "back")
    other("simulate", "--days", "2", "--accounts", "1")
    refused = salestape("copy", source, back)
    assert (refused.code, refused.out) == (1, "")
    assert "a record that the source does not have" in refused.err
