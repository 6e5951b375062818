"""What a store may refuse, in words that are the same for every store."""

from harness.errors import BenchError, ConfigError, SimulatorDefect


class TakenError(Exception):
    """A key exists already: another process booked first. What was begun is undone and may be tried again."""


class RuleBroken(SimulatorDefect):
    """The store refuses a booking: it does not balance, overdraws an account, or changes what is booked."""


class LockedError(BenchError):
    """Another program lets nobody write, or read; nothing was begun, and the same may be tried again."""


class KeptOutError(BenchError):
    """Another program lets nobody read now; it may let them in a moment (`Ledger.readable`)."""


def kept_out(where: str) -> KeptOutError:
    """Another program has the ledger to itself, for readers, too."""
    return KeptOutError(
        f"The ledger {where} cannot be read: another program has it locked.",
        cause="a maintenance command, a change of its tables, or a database browser has a transaction open there",
        remedy="end that program or its transaction, and ask again",
    )


def locked(where: str, seconds: float) -> LockedError:
    """Another program has had the ledger to itself for too long."""
    return LockedError(
        f"The ledger {where} has been locked by another program for {seconds:g} s.",
        cause="a backup, a database browser or a second platform that hangs has a transaction open there",
        remedy="end that program or its transaction; nothing was booked, and the same message may be sent again",
    )


def rule_broken(error: Exception) -> RuleBroken:
    """The store's refusal as a defect of ours."""
    return RuleBroken(
        f"The ledger refuses a booking: {str(error).splitlines()[0]}.",
        cause="a transaction or a benefit rule whose parts do not add up",
        remedy="report this with the run's folder",
    )


def unbalanced(setl_id: str) -> RuleBroken:
    """A settlement's parts do not add up."""
    return RuleBroken(
        f"The postings of settlement {setl_id} do not sum to zero.",
        cause="a benefit rule whose parts do not add up",
        remedy="report this with the run's folder",
    )


def unopened(account: str) -> RuleBroken:
    """A settlement moves an account that does not exist."""
    return RuleBroken(
        f"A settlement moves the account {account}, which nobody has opened.",
        cause="a transaction that names an account by mistake",
        remedy="report this with the run's folder",
    )


def unusable(where: str, error: Exception) -> BenchError:
    """The ledger as a whole cannot be used."""
    return BenchError(
        f"The ledger {where} cannot be used: {str(error).splitlines()[0] if str(error) else type(error).__name__}.",
        cause="the folder or server is missing or not yours, the disk is full, or it is no ledger of Liantiao",
        remedy="name another file or database with the setting ledger, or leave it out for a ledger in memory",
    )


def of_another_version(where: str, found: int, wanted: int) -> BenchError:
    """The ledger was written by another version of Liantiao."""
    return BenchError(
        f"The ledger {where} is of version {found}; this Liantiao writes version {wanted}.",
        cause="it was written by another version of Liantiao",
        remedy="name a new file or database with the setting ledger",
    )


def no_driver(error: ImportError) -> ConfigError:
    """PostgreSQL was asked for and its driver is absent."""
    return ConfigError(
        f"A ledger in PostgreSQL needs the package psycopg: {error}.",
        cause="Liantiao was installed without its extra for PostgreSQL",
        remedy="install liantiao[postgres], or name a file with the setting ledger",
    )
