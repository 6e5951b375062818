"""A settlement for tests of the ledger: 44.98, of which the account pays 31.61."""

from harness.money import Fen
from simulators.platform.ledger import Settlement

SALE = Settlement(
    n=1,
    setl_id="S1",
    msgid="M1",
    infno="2102",
    institution="P63999900001",
    psn_no="1",
    mdtrt_id="V1",
    invono="A1",
    insutype="310",
    at_ns=0,
    total_fen=Fen(4498),
    fund_fen=Fen(1337),
    account_fen=Fen(3161),
    cash_fen=Fen(0),
    reverses=None,
)
