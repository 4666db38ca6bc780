"""What the scenarios share: a session on the published SDK, and a wait that ends."""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

import grpc
from armonik.client import ArmoniKEvents, ArmoniKResults, ArmoniKSessions, ArmoniKTasks
from armonik.common import TaskDefinition, TaskOptions, TaskStatus
from armonik.common.channel import create_channel

FINAL = {
    TaskStatus.COMPLETED,
    TaskStatus.ERROR,
    TaskStatus.TIMEOUT,
    TaskStatus.CANCELLED,
    TaskStatus.RETRIED,
}


class Grid:
    partition = ""
    """Where everything runs; the grid's default if it is not named."""

    def __init__(self, endpoint: str, session: str | None = None, **options) -> None:
        self.channel = create_channel(endpoint)
        self.sessions = ArmoniKSessions(self.channel)
        self.results = ArmoniKResults(self.channel)
        self.tasks = ArmoniKTasks(self.channel)
        self.events = ArmoniKEvents(self.channel)
        defaults = {"max_duration": timedelta(minutes=5), "max_retries": 3, "priority": 1}
        partitions = [self.partition] if self.partition else None
        self.session = session or patiently(
            self.sessions.create_session, TaskOptions(**(defaults | options)), partitions
        )

    def outputs(self, count: int) -> list[str]:
        names = [f"output {i}" for i in range(count)]
        made = self.results.create_results_metadata(names, self.session, batch_size=1_000)
        return [made[name].result_id for name in names]

    def payloads(self, jobs: list[dict]) -> list[str]:
        data = {f"payload {i}": json.dumps(job).encode() for i, job in enumerate(jobs)}
        made = self.results.create_results(data, self.session, batch_size=100)
        return [made[name].result_id for name in data]

    def submit(self, definitions: list[TaskDefinition]) -> list[str]:
        return [task.id for task in self.tasks.submit_tasks(self.session, definitions)]

    def wait(self, ids: list[str]) -> str:
        """Ends with "completed", or with "aborted" when one of the results never comes."""
        try:
            self.events.wait_for_result_availability(ids, self.session, parallelism=4)
        except RuntimeError:
            return "aborted"
        return "completed"

    def value(self, result_id: str) -> int:
        return int(self.results.download_result_data(result_id, self.session))

    def status(self, task_id: str) -> TaskStatus:
        return self.tasks.get_task(task_id).status

    def end(self, task_id: str) -> TaskStatus:
        """The final status; results are there a moment before it."""
        deadline = time.monotonic() + 30
        while (status := self.status(task_id)) not in FINAL and time.monotonic() < deadline:
            time.sleep(0.01)
        return status


def submitting(grid: Grid, submit):
    """Says on the output which session it is, waits for a line of input, and then that it is done."""
    print(f"session {grid.session}", flush=True)
    sys.stdin.readline()
    answer = submit()
    print("submitted", flush=True)
    return answer


def patiently(call, *arguments):
    """Repeats a call while the grid is away; it must come back within two minutes."""
    end = time.monotonic() + 120
    while True:
        try:
            return call(*arguments)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > end:
                raise
            time.sleep(0.2)


def expect(actual, wanted) -> None:
    if actual != wanted:
        raise SystemExit(f"expected {wanted!r}, got {actual!r}")
