"""Group commit: one job at a time, what comes meanwhile goes together."""

from twisted.internet.defer import Deferred

from notify.gather import GROUP_MAX, Gathered


class HeldWorker:
    """Keeps jobs until told to run them."""

    def __init__(self) -> None:
        self.jobs: list = []

    def run(self, work, *args):
        done: Deferred = Deferred()
        self.jobs.append((done, work, args))
        return done

    def finish(self) -> None:
        done, work, args = self.jobs.pop(0)
        done.callback(work(*args))

    def fail(self, error: Exception) -> None:
        self.jobs.pop(0)[0].errback(error)


def a_gathering():
    worker, groups = HeldWorker(), []

    def work(items):
        groups.append(items)
        return [item * 10 for item in items]

    return worker, groups, Gathered(worker, work)


def test_items_that_come_during_a_job_share_the_next_one() -> None:
    worker, groups, gathered = a_gathering()
    results: list = []
    for item in range(4):
        gathered.put(item).addCallback(results.append)
    assert len(worker.jobs) == 1

    worker.finish()
    worker.finish()

    assert groups == [[0], [1, 2, 3]]
    assert results == [0, 10, 20, 30]


def test_a_failure_is_told_to_its_group_only() -> None:
    worker, _, gathered = a_gathering()
    results: list = []
    gathered.put(1).addErrback(lambda failure: results.append(failure.type))
    gathered.put(2).addCallback(results.append)

    worker.fail(ZeroDivisionError())
    worker.finish()

    assert results == [ZeroDivisionError, 20]


def test_groups_are_bounded() -> None:
    worker, groups, gathered = a_gathering()
    for item in range(GROUP_MAX + 2):
        gathered.put(item)
    while worker.jobs:
        worker.finish()
    assert list(map(len, groups)) == [1, GROUP_MAX, 1]
