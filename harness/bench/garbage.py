"""Python's search for garbage in a server of its own, set for what a server is."""

import gc

YOUNG = 20_000
"""How many objects more than before make a search worth while: a busy server has thousands at once, all wanted."""


def expect_little_garbage() -> None:
    """To be called when all is loaded: that lives as long as the server, and is not looked through again.

    What requests leave is garbage of the plain kind, which goes by itself; cycles are still found, some later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


def end_of_service() -> None:
    """To be called at the end: all is garbage, and libraries in C complain of what nobody has looked through."""
    gc.unfreeze()
