"""A day that does not exist is no day: the row of the export is rejected, and says so."""

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from import_bench import MemorySink

from services.importers import run

FILES = {
    "accounts.csv": [
        "account,sector,year_established,revenue,employees,office_location,subsidiary_of",
        "Acme,retail,1996,1.50,20,Kenya,",
    ],
    "products.csv": ["product,series,sales_price", "GTX Basic,GTX,550"],
    "sales_teams.csv": ["sales_agent,manager,regional_office", "ann,meg,North"],
    "sales_pipeline.csv": [
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value",
        "D1,ann,GTX Basic,Acme,Won,2017-01-05,2017-02-28,500",
        "D2,ann,GTX Basic,Acme,Won,2017-01-05,{day},500",
        "D3,ann,GTX Basic,Acme,Lost,2017-01-05,{day},0",
        "D4,ann,GTX Basic,Acme,Engaging,{day},,",
    ],
}


@pytest.mark.parametrize(
    "day", ["2017-02-29", "2017-02-31", "2017-13-01", "2017-99-99", "soon", ""]
)
def test_a_day_that_does_not_exist_is_rejected_with_its_row(
    tmp_path: Path, engine: Client, sink: MemorySink, day: str
) -> None:
    for name, lines in FILES.items():
        (tmp_path / name).write_text("\n".join(lines).format(day=day) + "\n")
    summary = run("maven-crm", [tmp_path], sink, engine)
    rejected = {
        (Path(reject.file).name, reject.row, reject.field)
        for reject in summary.rejects
        if reject.file is not None
    }
    # D4 is neither opened nor engaged without its day.
    assert rejected == {("sales_pipeline.csv", row, "time") for row in (3, 4, 5)}
    assert summary.rejected == 4
    closed = [event.deal for event in sink.events if event.type.startswith("sales.deal.won.")]
    assert closed == ["D1"]
