"""The pace, the repetition and the end of status requests."""

from fix.reconcile import TRIES_MAX, StatusRequests

S = 1_000_000_000


def test_orders_are_asked_for_in_order_at_the_pace() -> None:
    questions = StatusRequests(per_s=100, retry_s=60)
    for n in range(50):
        questions.want(f"C{n}", "logon")
    asked = [c for ms in range(0, 1_000, 10) for c, _ in questions.take(10 * S + ms * 1_000_000)]
    assert asked == [f"C{n}" for n in range(50)]


def test_a_long_pause_does_not_save_up_a_burst() -> None:
    questions = StatusRequests(per_s=100, retry_s=60)
    for n in range(1_000):
        questions.want(f"C{n}", "logon")
    questions.take(10 * S)
    assert len(questions.take(100 * S)) <= 11
    assert questions.take(100 * S) == []


def test_an_order_is_asked_for_once_at_a_time() -> None:
    questions = StatusRequests(per_s=100, retry_s=5)
    questions.want("C1", "logon")
    questions.want("C1", "silence")
    assert questions.take(10 * S) == [("C1", "logon")]
    questions.want("C1", "silence")
    assert questions.take(11 * S) == []


def test_silence_is_asked_again_a_limited_number_of_times() -> None:
    questions = StatusRequests(per_s=100, retry_s=5)
    questions.want("C1", "logon")
    asked = [taken for s in range(10, 200) for taken in questions.take(s * S)]
    assert len(asked) == TRIES_MAX
    assert questions.given_up == ["C1"]
    assert questions.is_settled


def test_an_answer_settles_the_question() -> None:
    questions = StatusRequests(per_s=100, retry_s=5)
    questions.want("C1", "logon")
    assert not questions.is_settled
    questions.take(10 * S)
    assert not questions.is_settled
    questions.forget("C1")
    assert questions.is_settled
    assert questions.take(100 * S) == []


def test_an_old_time_out_does_not_repeat_a_newer_question() -> None:
    questions = StatusRequests(per_s=100, retry_s=5)
    questions.want("C1", "logon")
    questions.take(10 * S)
    questions.forget("C1")
    questions.want("C1", "silence")
    assert questions.take(14 * S) == [("C1", "silence")]
    assert questions.take(16 * S) == []
    assert questions.take(19 * S) == [("C1", "silence")]


def test_a_logout_forgets_all_questions() -> None:
    questions = StatusRequests(per_s=100, retry_s=5)
    questions.want("C1", "logon")
    questions.take(10 * S)
    questions.want("C2", "logon")
    questions.clear()
    assert questions.is_settled
    assert questions.take(100 * S) == []


def test_a_clock_set_back_holds_no_question_up() -> None:
    questions = StatusRequests(per_s=100, retry_s=5)
    questions.want("C1", "logon")
    questions.take(5_000 * S)
    questions.want("C2", "logon")
    assert questions.take(1_400 * S) == [("C2", "logon")]
    assert questions.take(1_401 * S) == [("C1", "logon")]
    assert questions.take(1_402 * S) == []
