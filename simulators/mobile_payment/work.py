"""Pieces of work that are done at the same time: what each holds alone, and what it has changed and not saved yet.

A piece of work waits for others that hold a key of its own (an order's charge batch, a submission, an authorisation
number), and for nobody else. What it changes is saved with its own next save, never with another's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

Key = tuple[str, ...]
Place = tuple[str, str]
"""Kind and key of a document."""


@dataclass(kw_only=True)
class Work:
    """What one piece of work has done since its last save."""

    epoch: int
    """How often all had been read again when it began: what began before counts no more."""
    documents: dict[Place, bytes | None] = field(default_factory=dict)
    """What is to be written; None deletes."""
    orders: set[str] = field(default_factory=set)
    """Orders, by payOrdId, that may have changed."""
    later: list[Callable[[], None]] = field(default_factory=list)
    """What is done once it has been saved."""


CURRENT: ContextVar[Work] = ContextVar("work")
"""The work that the running task does."""


class Locks:
    """Keys that one at a time holds. Whoever holds several asks for them in the order of their ranks:

    submission, authorisation, batch (`Desk.working`), then visit and mdtrt (`Insurance`).
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def held(self, *keys: Key) -> AsyncIterator[None]:
        """Hold keys; who comes first has them first."""
        async with AsyncExitStack() as stack:
            for key in keys:
                lock = self._locks.get(key)
                if lock is None:
                    lock = self._locks[key] = asyncio.Lock()
                await stack.enter_async_context(lock)
            yield
