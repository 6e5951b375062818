"""The schema and every statement on it; one text for both dialects, with the few words in which they differ.

What the schema itself guards, whoever writes: the postings of a settlement sum to zero, total = fund + account + cash,
an account's balance never goes below zero, a msgid books once, and nothing that is booked is changed or added to.
"""

VERSION = 2

SETTLEMENT_COLUMNS = (
    "n",
    "setl_id",
    "msgid",
    "infno",
    "institution",
    "psn_no",
    "mdtrt_id",
    "invono",
    "insutype",
    "at_ns",
    "total_fen",
    "fund_fen",
    "account_fen",
    "cash_fen",
    "reverses",
    "large_fen",
    "mutual_fen",
    "mutual",
)
TABLES = ("posting", "settlement", "account", "answer", "barred", "sign_in", "kept")

SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    name TEXT PRIMARY KEY, opening_fen {INT} NOT NULL, balance_fen {INT} NOT NULL CHECK (balance_fen >= 0)
) {BY_KEY};
CREATE TABLE IF NOT EXISTS settlement (
    n {INT} PRIMARY KEY, setl_id TEXT NOT NULL UNIQUE, msgid TEXT NOT NULL UNIQUE, infno TEXT NOT NULL,
    institution TEXT NOT NULL, psn_no TEXT NOT NULL, mdtrt_id TEXT NOT NULL, invono TEXT NOT NULL,
    insutype TEXT NOT NULL, at_ns {INT} NOT NULL, total_fen {INT} NOT NULL, fund_fen {INT} NOT NULL,
    account_fen {INT} NOT NULL, cash_fen {INT} NOT NULL, reverses TEXT, large_fen {INT} NOT NULL,
    mutual_fen {INT} NOT NULL, mutual TEXT NOT NULL,
    CHECK (total_fen = fund_fen + account_fen + cash_fen)
);
CREATE INDEX IF NOT EXISTS settlement_reverses ON settlement (reverses) WHERE reverses IS NOT NULL;
CREATE INDEX IF NOT EXISTS settlement_day ON settlement (institution, at_ns);
CREATE TABLE IF NOT EXISTS posting (
    n {INT} NOT NULL REFERENCES settlement (n) DEFERRABLE INITIALLY DEFERRED,
    account TEXT NOT NULL, amount_fen {INT} NOT NULL, PRIMARY KEY (n, account)
) {BY_KEY};
CREATE TABLE IF NOT EXISTS answer (
    msgid TEXT PRIMARY KEY, institution TEXT NOT NULL, digest {BYTES} NOT NULL, reply {BYTES} NOT NULL
) {BY_KEY};
CREATE TABLE IF NOT EXISTS barred (msgid TEXT PRIMARY KEY) {BY_KEY};
CREATE TABLE IF NOT EXISTS sign_in (
    sign_no TEXT PRIMARY KEY, institution TEXT NOT NULL, opter TEXT NOT NULL, day TEXT NOT NULL,
    sign_time TEXT NOT NULL, signed_out {INT} NOT NULL DEFAULT 0, UNIQUE (institution, opter, day)
) {BY_KEY};
CREATE TABLE IF NOT EXISTS kept (
    kind TEXT NOT NULL, key TEXT NOT NULL, body {BYTES} NOT NULL, PRIMARY KEY (kind, key)
) {BY_KEY};
"""

_COLUMNS = ", ".join(SETTLEMENT_COLUMNS)
_MARKS = ", ".join("?" * len(SETTLEMENT_COLUMNS))
BOOK = f"INSERT INTO settlement ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 - constants, here and below
POST = "INSERT INTO posting (n, account, amount_fen) VALUES (?, ?, ?)"
MOVE = "UPDATE account SET balance_fen = balance_fen + ? WHERE name = ?"
BY_ID = f"SELECT {_COLUMNS} FROM settlement WHERE setl_id = ?"  # noqa: S608
BY_MSGID = f"SELECT {_COLUMNS} FROM settlement WHERE msgid = ?"  # noqa: S608
ALL = f"SELECT {_COLUMNS} FROM settlement ORDER BY n"  # noqa: S608
OF_TIME = f"SELECT {_COLUMNS} FROM settlement WHERE institution = ? AND at_ns >= ? AND at_ns < ? ORDER BY n"  # noqa: S608
UNDONE_OF_TIME = """
SELECT r.reverses FROM settlement r JOIN settlement s ON s.setl_id = r.reverses
WHERE r.infno = ? AND s.institution = ? AND s.at_ns >= ? AND s.at_ns < ?
"""
NEXT = "SELECT COALESCE(MAX(n), 0) + 1 FROM settlement"
UNDONE = """
SELECT 1 FROM settlement r WHERE r.reverses = ?
AND NOT EXISTS (SELECT 1 FROM settlement u WHERE u.reverses = r.setl_id)
"""
OPEN = "INSERT INTO account (name, opening_fen, balance_fen) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
BALANCE = "SELECT balance_fen FROM account WHERE name = ?"
ACCOUNTS = "SELECT name, opening_fen, balance_fen FROM account ORDER BY name"
TOTALS = "SELECT account, CAST(SUM(amount_fen) AS {INT}) FROM posting GROUP BY account ORDER BY account"
ANSWER = "SELECT digest, reply FROM answer WHERE msgid = ?"
HIGHEST = "SELECT MAX(msgid) FROM answer WHERE msgid BETWEEN ? AND ?"
KEEP_ANSWER = "INSERT INTO answer (msgid, institution, digest, reply) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
KEEP_NEW_ANSWER = "INSERT INTO answer (msgid, institution, digest, reply) VALUES (?, ?, ?, ?)"
BAR = "INSERT INTO barred (msgid) VALUES (?) ON CONFLICT DO NOTHING"
BARRED = "SELECT 1 FROM barred WHERE msgid = ?"
ANY_BARRED = "SELECT 1 FROM barred LIMIT 1"
_SIGN_IN = "SELECT sign_no, institution, opter, day, sign_time, signed_out FROM sign_in"
SIGN_IN = f"{_SIGN_IN} WHERE sign_no = ?"
SIGN_IN_OF = f"{_SIGN_IN} WHERE institution = ? AND opter = ? AND day = ?"
SIGN_INS = "SELECT COUNT(*) FROM sign_in"
KEEP_SIGN_IN = """
INSERT INTO sign_in (sign_no, institution, opter, day, sign_time, signed_out) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (sign_no) DO UPDATE SET signed_out = excluded.signed_out WHERE sign_in.institution = excluded.institution
AND sign_in.opter = excluded.opter AND sign_in.day = excluded.day
"""
KEEP = """
INSERT INTO kept (kind, key, body) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body
"""
KEPT = "SELECT body FROM kept WHERE kind = ? AND key = ?"
ALL_KEPT = "SELECT key, body FROM kept WHERE kind = ? AND substr(key, 1, ?) = ? ORDER BY key"
DROP = "DELETE FROM kept WHERE kind = ? AND key = ?"
