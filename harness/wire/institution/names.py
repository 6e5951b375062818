"""Transactions of the institution interface, by number, and names that several modules need."""

SIGN_IN, SIGN_OUT = "9001", "9002"
PERSON, PRE_SETTLE, SETTLE, REFUND = "1101", "2101", "2102", "2103"
REVERSE, QUERY = "2601", "5203"
OUTPATIENT = ("2201", "2202", "2203", "2203A", "2204", "2205", "2206", "2206A", "2207", "2207A", "2208")
INPATIENT = ("2301", "2302", "2303", "2304", "2305", "2401", "2402", "2403", "2404", "2405")
DIRECTORY = ("1201", "1901", "2001")
TOTALS, STATED = "3201", ("3201", "3202")
"""Reconciliation: of totals; of totals and details."""
STATEMENTS = ("3201", "3202", "3203", "3204", "9101", "9102")
HALL = ("9801", "9802", "9803")
"""Own design, for a government hall's terminal: proof of contributions, change of tier, check of a proof."""
TRANSACTIONS = (
    *(SIGN_IN, SIGN_OUT, PERSON, PRE_SETTLE, SETTLE, REFUND, REVERSE, QUERY),
    *OUTPATIENT,
    *INPATIENT,
    *DIRECTORY,
    *STATEMENTS,
    *HALL,
)
UPLOAD = "9101"
"""File upload: what it carries is longer than input may be elsewhere."""
CERT_TYPE = "mdtrt_cert_type"
TRACE_NODE = "drug_trac_info"
TRACED = (SETTLE, "2207")
"""Settlements that may list trace codes; the inpatient 2303 and 2304 are without."""
TRACE_FIELDS = ("trdn_flag", "min_prcunt_type")
"""What an entry of `TRACE_NODE` may lack by the national tables."""
REFUND_FLAGS = {"short": ("0", "1"), "long": ("000000", "000001")}
"""refd_setl_flag of 3201 and 3202: no refund, a refund."""
LINE_REFUND_FLAGS = {"short": ("0", "1"), "long": ("000", "001")}
"""refd_setl_flag in the lines of 3202's files."""
SETLINFO = "setlinfo"
