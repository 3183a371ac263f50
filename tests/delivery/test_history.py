"""The checker finds each kind of broken promise: hand-made histories, one of them whole, the others with one thing wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checker import check
from history import FIRING, RESOLVED, Commit, Event, Forgot, History, Killed, Manner, Message, Settled, Started, Trouble, Truth

ALERT = "SupersetWebDown/app"
MANNERS = {"hook": Manner(tells_missed=True), "other": Manner(tells_missed=True)}


def firing(receiver: str = "hook", at: float = 103, began: float = 102, **more: object) -> Message:
    key = f"{began}/firing"
    message = Message(receiver, ALERT, FIRING, at, 200, at + 0.01, began, None, key, key)
    return replace(message, **more)  # type: ignore[arg-type]


def resolved(receiver: str = "hook", at: float = 113, began: float = 102, ended: float = 112, **more: object) -> Message:
    key = f"{began}/resolved"
    message = Message(receiver, ALERT, RESOLVED, at, 200, at + 0.01, began, ended, key, key)
    return replace(message, **more)  # type: ignore[arg-type]


FAULT: list[Event] = [Truth(0, ALERT, True), Started(1), Truth(100, ALERT, False)]
MENDED: list[Event] = [Truth(110, ALERT, True)]
BOTH = [firing("hook"), firing("other")]
BOTH_RESOLVED = [resolved("hook"), resolved("other")]


def found(*events: Event | list[Event] | list[Message], manners: dict[str, Manner] | None = None) -> list[str]:
    """The guarantees that are broken."""
    flat: list[Event] = [each for event in events for each in (event if isinstance(event, list) else [event])]
    return sorted({violation.guarantee for violation in check(History(manners or MANNERS, flat))})


def test_a_fault_that_is_told_and_taken_back_is_no_violation() -> None:
    assert found(FAULT, BOTH, Settled(108), MENDED, BOTH_RESOLVED, Settled(120)) == []


def test_g1_a_receiver_that_never_hears_of_a_fault() -> None:
    assert found(FAULT, [firing("hook")], Settled(108)) == ["G1"]


def test_g1_a_receiver_that_refused_has_not_heard() -> None:
    assert found(FAULT, [firing("hook"), firing("other", answer=500)], Settled(108)) == ["G1"]


def test_g1_what_was_on_the_disk_and_came_to_nothing() -> None:
    row = Commit(104, "hook", ALERT, FIRING, 102, accepted=False)
    assert found(FAULT, row, Killed(104), MENDED, Settled(120)) == ["G1"]
    missed = resolved("hook", at=114)
    assert found(FAULT, row, Killed(104), MENDED, missed, Settled(120)) == []


def test_g1_a_row_that_says_told_though_nobody_was() -> None:
    row = Commit(104, "hook", ALERT, FIRING, 102, accepted=True)
    assert "G1" in found(FAULT, row, Killed(104))
    assert found(FAULT, firing("hook"), row, Killed(104)) == []


def test_g2_a_firing_that_is_never_taken_back() -> None:
    assert found(FAULT, BOTH, MENDED, [resolved("hook")], Settled(120)) == ["G2"]


def test_g2_a_firing_that_may_have_arrived_is_taken_back_too() -> None:
    unknown = firing("other", answer=None)
    assert found(FAULT, [firing("hook"), unknown], MENDED, [resolved("hook")], Settled(120)) == ["G2"]


def test_g2_the_next_firing_is_as_good_as_a_resolve() -> None:
    again: list[Event] = [Truth(114, ALERT, False)]
    second = [firing(receiver, at=116, began=115.5) for receiver in MANNERS]
    assert found(FAULT, BOTH, MENDED, again, second, Settled(120)) == []


def test_g3_a_message_that_is_sent_twice_for_no_reason() -> None:
    assert found(FAULT, BOTH, firing("hook", at=105), Settled(108)) == ["G3"]


@pytest.mark.parametrize("answer", [500, None])
def test_g3_a_message_may_be_sent_again_where_nobody_knows_or_it_was_refused(answer: int | None) -> None:
    assert found(FAULT, firing("hook", answer=answer), firing("hook", at=105), firing("other"), Settled(108)) == []


def test_g3_a_message_may_be_sent_again_after_a_kill_before_the_answer_was_kept() -> None:
    assert found(FAULT, BOTH, Killed(103.2), Started(104), firing("hook", at=105), Settled(108)) == []
    twice = [firing("hook", at=105), firing("hook", at=106)]
    assert found(FAULT, BOTH, Killed(103.2), Started(104), twice, Settled(108)) == ["G3"]
    assert found(FAULT, BOTH, Killed(105.5), Started(106), firing("hook", at=107), Settled(108)) == ["G3"]


def test_g3_a_repeated_message_keeps_its_key() -> None:
    first = firing("hook", answer=None)
    assert found(FAULT, first, firing("hook", at=105, key="another"), firing("other"), Settled(108)) == ["G3"]


def test_g3_two_messages_do_not_share_a_key() -> None:
    same_key = [resolved(receiver, key="102/firing") for receiver in MANNERS]
    assert found(FAULT, BOTH, MENDED, same_key, Settled(120)) == ["G3"]


def test_g3_one_fault_is_not_told_as_two() -> None:
    assert found(FAULT, BOTH, [firing(receiver, at=106, began=105) for receiver in MANNERS], Settled(108)) == ["G3"]


def test_g3_a_receiver_that_forgets_is_told_again_on_purpose() -> None:
    manners = {"am": Manner(resends=True)}
    assert found(FAULT, firing("am"), firing("am", at=104), firing("am", at=105), Settled(108), manners=manners) == []


def test_g4_firing_after_it_was_taken_back() -> None:
    assert "G4" in found(FAULT, BOTH, MENDED, BOTH_RESOLVED, firing("hook", at=114, answer=None))


def test_g4_an_older_firing_after_a_newer_one() -> None:
    again: list[Event] = [Truth(114, ALERT, False)]
    second = [firing(receiver, at=116, began=115.5) for receiver in MANNERS]
    assert "G4" in found(FAULT, BOTH, MENDED, again, second, resolved("hook", at=117))


def test_g4_a_receiver_with_a_new_memory_is_told_from_the_start() -> None:
    manners = {"am": Manner(resends=True)}
    events = [FAULT, firing("am"), MENDED, resolved("am"), firing("am", at=115), resolved("am", at=116), Settled(120)]
    assert found(*events, manners=manners) == ["G4"]
    assert found(*events, Forgot("am", 114), manners=manners) == []


def test_g5_a_receiver_that_has_to_wait_for_another() -> None:
    late = [firing("hook", at=103), firing("other", at=104.5)]
    assert found(FAULT, late, Settled(108)) == ["G5"]


def test_g5_a_bad_receiver_may_be_late_itself() -> None:
    late = [firing("hook", at=103), firing("other", at=104.5)]
    assert found(FAULT, late, Trouble("other", 95, 104), Settled(108)) == []
    assert found(FAULT, late, Trouble("hook", 95, 104), Settled(108)) == ["G5"]


def test_g5_a_kill_may_come_between() -> None:
    late = [firing("hook", at=103), firing("other", at=105)]
    assert found(FAULT, late, Killed(103.1), Started(104), Settled(108)) == []


def test_g6_late_without_a_word() -> None:
    trouble = Trouble("other", 90, 190)
    late = firing("other", at=190)
    assert found(FAULT, firing("hook"), trouble, late, Settled(200)) == ["G6"]
    said = replace(late, note="Delayed by 1m28s: this was to be told at 1970-01-01T00:01:42Z.")
    assert found(FAULT, firing("hook"), trouble, said, Settled(200)) == []


def test_a_fault_that_never_was() -> None:
    assert found([Truth(0, ALERT, True), Started(1)], [firing("hook"), resolved("hook")], Settled(120)) == ["truth"]


def test_an_end_that_never_was() -> None:
    assert "truth" in found(FAULT, BOTH, resolved("hook"), firing("hook", at=114, began=113), Settled(120))


def test_a_beginning_that_is_not_the_faults_own() -> None:
    assert found(FAULT, [firing(receiver, began=90) for receiver in MANNERS], Settled(108)) == ["truth"]
