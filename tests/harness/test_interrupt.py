"""Ctrl-C once ends the work, again it changes nothing, and what is shielded is never torn apart."""

import signal
import threading

import pytest

from harness.interrupt import one_interrupt, shielded


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_only_the_first_signal_interrupts(number: signal.Signals) -> None:
    with one_interrupt() as interruption:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert interruption.noted


def test_a_signal_waits_until_the_shielded_block_has_ended() -> None:
    done = []

    def work() -> None:
        with shielded():
            signal.raise_signal(signal.SIGINT)
            done.append("whole")

    with one_interrupt(), pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]


def test_a_signal_is_not_lost_when_the_shielded_block_fails() -> None:
    def work() -> None:
        with shielded():
            signal.raise_signal(signal.SIGINT)
            raise ValueError

    with one_interrupt(), pytest.raises(KeyboardInterrupt):
        work()


def test_the_handlers_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with one_interrupt(), shielded():
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_other_threads_are_left_alone() -> None:
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with one_interrupt(), shielded():
                pass
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert problems == []
