import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from services.database import Sessions
from services.errors import Busy, InvalidRequest, NotFound
from services.operations import progress as progress_module
from services.operations import runner as runner_module
from services.operations.progress import Progress
from services.operations.records import Claim, Fields
from services.operations.runner import MAX_ATTEMPTS, OperationRunner
from services.operations.store import OperationStore

WAIT_S = 20.0


@pytest.fixture
def store(sessions: Sessions) -> OperationStore:
    return OperationStore(sessions)


@pytest.fixture
def runner(store: OperationStore) -> Iterator[OperationRunner]:
    runner = OperationRunner(store)
    yield runner
    runner.close()


class Gate:
    """A handler that counts up to the number asked for and waits where it is told to."""

    def __init__(self, *, wait_at: int = -1) -> None:
        self.wait_at = wait_at
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.done_now: list[int] = []

    def __call__(self, request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        for item in range(request["count"]):
            if item in progress.items():
                continue
            if item == self.wait_at:
                self.reached.set()
                self.go_on.wait(WAIT_S)
            progress.raise_if_cancelled()
            progress.finish_item(item, {"square": item * item})
            self.done_now.append(item)
            progress.update(num_done=item + 1)
        squares = [outcome["square"] for _, outcome in sorted(progress.items().items())]
        return {"squares": squares}


def test_an_operation_runs_and_keeps_its_answer(runner: OperationRunner) -> None:
    runner.register("count", Gate())
    operation_id = runner.start("count", {"count": 3})
    record = runner.wait(operation_id, WAIT_S)
    assert (record.state, record.response) == ("succeeded", {"squares": [0, 1, 4]})
    assert record.progress == {"num_done": 3}
    assert (record.error, record.attempts, record.done) == (None, 1, True)
    assert record.finished_at is not None
    assert record.finished_at >= record.created_at


def test_operations_run_one_after_another_in_their_order(runner: OperationRunner) -> None:
    order: list[int] = []

    def note(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        order.append(request["number"])
        return {}

    runner.register("note", note)
    ids = [runner.start("note", {"number": number}) for number in range(5)]
    assert runner.wait(ids[-1], WAIT_S).response == {}
    assert order == [0, 1, 2, 3, 4]


def test_an_error_of_ours_is_kept_with_its_reason(runner: OperationRunner) -> None:
    def fail(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        raise NotFound("there is no such thing", details={"thing": "x"})

    runner.register("fail", fail)
    record = runner.wait(runner.start("fail", {}), WAIT_S)
    assert record.state == "failed"
    assert record.error == {
        "code": 5,
        "reason": "NOT_FOUND",
        "message": "there is no such thing",
        "details": {"thing": "x"},
    }


def test_an_unexpected_error_is_logged_and_hidden(
    runner: OperationRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        raise ZeroDivisionError("secret of the house")

    runner.register("fail", fail)
    record = runner.wait(runner.start("fail", {}), WAIT_S)
    assert record.error is not None
    assert (record.error["code"], record.error["reason"]) == (13, "INTERNAL")
    assert "secret" not in record.error["message"]
    assert record.error["details"]["log"] in caplog.text
    assert "secret of the house" in caplog.text


def test_the_worker_goes_on_after_an_error(runner: OperationRunner) -> None:
    def fail(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        raise InvalidRequest("no")

    runner.register("fail", fail)
    runner.register("count", Gate())
    runner.start("fail", {})
    assert runner.wait(runner.start("count", {"count": 1}), WAIT_S).state == "succeeded"


def test_a_running_operation_is_cancelled_between_its_items(runner: OperationRunner) -> None:
    gate = Gate(wait_at=2)
    runner.register("count", gate)
    operation_id = runner.start("count", {"count": 5})
    assert gate.reached.wait(WAIT_S)
    assert runner.cancel(operation_id).cancel_requested
    gate.go_on.set()
    record = runner.wait(operation_id, WAIT_S)
    assert (record.state, gate.done_now) == ("cancelled", [0, 1])
    assert record.error is not None
    assert (record.error["code"], record.error["reason"]) == (1, "CANCELLED")


def test_a_waiting_operation_is_cancelled_at_once_and_never_runs(runner: OperationRunner) -> None:
    gate = Gate(wait_at=0)
    runner.register("count", gate)
    first = runner.start("count", {"count": 1})
    second = runner.start("count", {"count": 7})
    assert gate.reached.wait(WAIT_S)
    assert runner.cancel(second).state == "cancelled"
    gate.go_on.set()
    assert runner.wait(first, WAIT_S).state == "succeeded"
    assert runner.get(second).error is not None
    assert gate.done_now == [0]


def test_cancelling_what_is_done_changes_nothing(runner: OperationRunner) -> None:
    runner.register("count", Gate())
    operation_id = runner.start("count", {"count": 1})
    before = runner.wait(operation_id, WAIT_S)
    assert runner.cancel(operation_id) == before


def test_waiting_ends_when_the_time_is_up(runner: OperationRunner) -> None:
    gate = Gate(wait_at=0)
    runner.register("count", gate)
    operation_id = runner.start("count", {"count": 1})
    assert gate.reached.wait(WAIT_S)
    assert runner.wait(operation_id, 0.05).state == "running"
    gate.go_on.set()


def test_a_stopped_runner_leaves_the_rest_to_the_next_one(store: OperationStore) -> None:
    first, gate = OperationRunner(store), Gate(wait_at=2)
    first.register("count", gate)
    operation_id = first.start("count", {"count": 4})
    assert gate.reached.wait(WAIT_S)
    closing = threading.Thread(target=first.close)
    closing.start()
    first._stop.wait(WAIT_S)
    gate.go_on.set()
    closing.join()
    assert first.get(operation_id).state == "queued"

    second, rest = OperationRunner(store), Gate()
    second.register("count", rest)
    assert second.resume_unfinished() == 0
    assert second.wait(operation_id, WAIT_S).response == {"squares": [0, 1, 4, 9]}
    second.close()
    assert (gate.done_now, rest.done_now) == ([0, 1], [2, 3])


def test_what_a_killed_process_left_running_goes_on(store: OperationStore) -> None:
    operation_id = store.add("count", {"count": 3})
    claim = store.claim(("count",))
    assert claim is not None
    store.save_item(claim, 0, {"square": 0})
    store.save_progress(claim, {"num_done": 1}, {"elapsed_s": 2.5})

    runner, gate = OperationRunner(store), Gate()
    runner.register("count", gate)
    assert runner.resume_unfinished() == 1
    record = runner.wait(operation_id, WAIT_S)
    runner.close()
    assert record.response == {"squares": [0, 1, 4]}
    assert gate.done_now == [1, 2]


def test_a_resumed_run_finds_its_record_and_progress(
    store: OperationStore, runner: OperationRunner
) -> None:
    operation_id = store.add("look", {})
    claim = store.claim(("look",))
    assert claim is not None
    store.save_progress(claim, {"stage": "build"}, {"built": "gen-7"})

    def look(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return {"record": progress.record, "fields": progress.fields}

    runner.register("look", look)
    runner.resume_unfinished()
    response = runner.wait(operation_id, WAIT_S).response
    assert response == {"record": {"built": "gen-7"}, "fields": {"stage": "build"}}


def test_an_operation_that_kills_its_process_again_and_again_is_given_up(
    store: OperationStore, runner: OperationRunner
) -> None:
    operation_id = store.add("count", {"count": 1})
    for _ in range(MAX_ATTEMPTS):
        assert store.claim(("count",)) is not None
        store.requeue_running()
    gate = Gate()
    runner.register("count", gate)
    runner.resume_unfinished()
    record = runner.wait(operation_id, WAIT_S)
    assert (record.state, gate.done_now) == ("failed", [])


def test_an_operation_that_gets_further_each_time_is_not_given_up(
    store: OperationStore, runner: OperationRunner
) -> None:
    operation_id = store.add("count", {"count": 9})
    for item in range(MAX_ATTEMPTS + 2):
        claim = store.claim(("count",))
        assert claim is not None
        store.save_item(claim, item, {"square": item * item})
        store.requeue_running()
    runner.register("count", Gate())
    runner.resume_unfinished()
    assert runner.wait(operation_id, WAIT_S).state == "succeeded"


def test_a_cancel_that_a_killed_process_never_saw_is_kept(
    store: OperationStore, runner: OperationRunner
) -> None:
    operation_id = store.add("count", {"count": 1})
    assert store.claim(("count",)) is not None
    store.cancel(operation_id, {})
    gate = Gate()
    runner.register("count", gate)
    runner.resume_unfinished()
    assert runner.wait(operation_id, WAIT_S).state == "cancelled"
    assert gate.done_now == []


def test_progress_is_saved_at_most_four_times_a_second(
    store: OperationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, saved = [100.0], []

    def save(claim: Claim, fields: Fields, record: Fields) -> None:
        saved.append(fields["num_done"])

    monkeypatch.setattr(progress_module, "monotonic", lambda: now[0])
    monkeypatch.setattr(store, "save_progress", save)
    store.add("any", {})
    claim = store.claim(("any",))
    assert claim is not None
    progress = Progress(store, claim, threading.Event())
    for tick in range(100):
        now[0] = 100.0 + tick / 100
        progress.update(num_done=tick)
    assert saved == [0, 25, 50, 75]


def test_a_full_queue_says_when_to_come_back(store: OperationStore) -> None:
    runner, gate = OperationRunner(store, max_unfinished=2), Gate(wait_at=0)
    runner.register("count", gate)
    for _ in range(2):
        runner.start("count", {"count": 1})
    with pytest.raises(Busy) as caught:
        runner.start("count", {"count": 1})
    gate.go_on.set()
    runner.close()
    assert caught.value.retry_after_s == runner_module.RETRY_AFTER_S


def test_an_unknown_kind_is_refused(runner: OperationRunner) -> None:
    with pytest.raises(InvalidRequest, match="fly"):
        runner.start("fly", {})


def test_operations_are_listed_newest_first_in_pages(runner: OperationRunner) -> None:
    gate = Gate(wait_at=1)
    runner.register("count", gate)
    done = runner.start("count", {"count": 1})
    runner.wait(done, WAIT_S)
    waiting = [runner.start("count", {"count": 2}) for _ in range(2)]
    first = runner.list(limit=2)
    second = runner.list(limit=2, token=first.next_token)
    assert [record.id for record in first.operations] == waiting[::-1]
    assert [record.id for record in second.operations] == [done]
    assert second.next_token == ""
    (listed,) = runner.list(done=True).operations
    assert (listed.id, listed.state, listed.response) == (done, "succeeded", None)
    assert len(runner.list(done=False).operations) == runner.count_unfinished() == 2
    gate.go_on.set()
    with pytest.raises(InvalidRequest, match="token"):
        runner.list(token="x")


def test_only_a_done_operation_is_forgotten(runner: OperationRunner) -> None:
    gate = Gate(wait_at=1)
    runner.register("count", gate)
    operation_id = runner.start("count", {"count": 2})
    assert gate.reached.wait(WAIT_S)
    with pytest.raises(InvalidRequest, match="cancel"):
        runner.remove(operation_id)
    gate.go_on.set()
    runner.wait(operation_id, WAIT_S)
    runner.remove(operation_id)
    with pytest.raises(NotFound):
        runner.get(operation_id)


def test_two_workers_never_take_the_same_operation(store: OperationStore) -> None:
    runner, both = OperationRunner(store, num_workers=2), threading.Barrier(2, timeout=WAIT_S)

    def meet(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
        both.wait()
        return {}

    runner.register("meet", meet)
    ids = [runner.start("meet", {}) for _ in range(4)]
    records = [runner.wait(operation_id, WAIT_S) for operation_id in ids]
    runner.close()
    assert [(record.state, record.attempts) for record in records] == [("succeeded", 1)] * 4


def test_a_worker_outlives_a_database_that_fails_for_a_while(
    store: OperationStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner_module, "LOOK_EVERY_S", 0.01)
    claim, num_failures = store.claim, [0]

    def fail_twice(kinds: tuple[str, ...]) -> Claim | None:
        if num_failures[0] < 2:
            num_failures[0] += 1
            raise OperationalError("SELECT", {}, Exception("disk is full"))
        return claim(kinds)

    monkeypatch.setattr(store, "claim", fail_twice)
    runner = OperationRunner(store)
    runner.register("count", Gate())
    record = runner.wait(runner.start("count", {"count": 1}), WAIT_S)
    runner.close()
    assert record.state == "succeeded"
    assert caplog.text.count("could not be begun") == 2
