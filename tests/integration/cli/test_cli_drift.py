"""`salestape drift`: an export held against the tape, in a process of its own."""

from pathlib import Path

from conftest import Salestape

DEALS = """\
opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
D1,ann,GTX Basic,Acme,Won,2017-01-05,2017-02-28,500
D2,ann,GTX Basic,Acme,Lost,2017-01-05,2017-02-31,0
"""
OTHERS = {
    "accounts": "account,sector,year_established,revenue,employees,office_location,subsidiary_of",
    "products": "product,series,sales_price",
    "sales_teams": "sales_agent,manager,regional_office",
}


def test_what_the_tape_does_not_know_and_what_is_no_event_is_said(
    salestape: Salestape, tmp_path: Path
) -> None:
    export = tmp_path / "export"
    export.mkdir()
    (export / "sales_pipeline.csv").write_text(DEALS)
    for name, header in OTHERS.items():
        (export / f"{name}.csv").write_text(f"{header}\n")
    done = salestape("drift", "maven-crm", str(export), "--json")
    assert done.code == 1
    assert done.json == [
        {"deal": "D1", "field": "deal", "export": "won", "tape": None},
        {"deal": "D2", "field": "deal", "export": "open", "tape": None},
    ]
    assert "sales_pipeline.csv, row 3" in done.err
    assert "2 deals compared, 2 differ" in done.err
