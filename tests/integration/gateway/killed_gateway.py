"""A gateway to be killed: serves the tape named on the command line, with nothing projected."""

import sys
from collections.abc import Sequence

import uvicorn

from infra.settings import GatewaySettings
from infra.tape.opening import open_tape
from services.gateway.app import gateway_app
from services.gateway.intake import Intake
from services.gateway.ledger import Known
from services.gateway.names import NameFilter
from services.gateway.rejects import RejectLog


class EmptyLedger:
    """A ledger that has nothing yet, so that all is known from the tape alone."""

    def watermark(self) -> dict[int, int]:
        return {}

    def known(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Known]:
        return {}

    def homes(self, deals: Sequence[str]) -> dict[str, str]:
        return {}

    def count(self) -> int:
        return 0

    def names(self, exponent: int) -> bytes:
        return NameFilter(exponent).tobytes()


def main(url: str, port: int) -> None:
    rejects = RejectLog(None)
    intake = Intake(open_tape(url), EmptyLedger(), rejects)
    app = gateway_app(intake, GatewaySettings(), rejects)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
