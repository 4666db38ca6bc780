"""A worker that sums squares.

A task of kind "sum of squares" does not count itself: it makes a subtask for each part of the range
and one more that adds up what the parts gave, and hands it the result that it owes.
"""

import json

from armonik.common import Output, TaskDefinition
from armonik.worker import TaskHandler, armonik_worker


def split(task: TaskHandler, job: dict) -> None:
    first, last, parts = int(job["first"]), int(job["last"]), int(job["parts"])
    if not first <= last or not 1 <= parts <= last - first + 1:
        raise ValueError("there must be at least one number for each part")
    names = [f"part {number}" for number in range(parts)]
    bounds = [first + (last - first + 1) * number // parts for number in range(parts + 1)]

    # Both answer by name, so names must differ within a call.
    sums = task.create_results_metadata(names)
    payloads = task.create_results(
        {
            name: encode({"kind": "part", "first": low, "last": high - 1})
            for name, low, high in zip(names, bounds, bounds[1:])
        }
        | {"total": encode({"kind": "total"})},
        batch_size=100,
    )

    sum_ids = [sums[name].result_id for name in names]
    subtasks = [
        TaskDefinition(payloads[name].result_id, [sum_id]) for name, sum_id in zip(names, sum_ids)
    ]
    # It starts when all parts are there, and produces what was expected of this task.
    total = TaskDefinition(payloads["total"].result_id, task.expected_results, sum_ids)
    task.submit_tasks([*subtasks, total])


def add_squares(task: TaskHandler, job: dict) -> None:
    total = sum(number * number for number in range(int(job["first"]), int(job["last"]) + 1))
    send(task, total)


def add_parts(task: TaskHandler, job: dict) -> None:
    send(task, sum(json.loads(part) for part in task.data_dependencies.values()))


def send(task: TaskHandler, value: int) -> None:
    task.send_results({result_id: encode(value) for result_id in task.expected_results})


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


KINDS = {"sum of squares": split, "part": add_squares, "total": add_parts}


@armonik_worker()
def process(task: TaskHandler) -> Output:
    # An error in the output is final. An exception is retried instead: it is for what may pass.
    try:
        job = json.loads(task.payload)
        KINDS[job["kind"]](task, job)
    except (ValueError, TypeError, LookupError) as error:
        return Output(f"this worker cannot do that: {error!r}")
    return Output()


if __name__ == "__main__":
    process.run()
