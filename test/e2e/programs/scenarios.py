"""One scenario a run: scenarios.py ENDPOINT NAME [PARTITION].

Exits 0 when what it promises was seen.
"""

import sys
import threading
import time
from datetime import timedelta

from armonik.common import ResultStatus, TaskDefinition, TaskStatus
from grid import Grid, expect


def chain(endpoint: str) -> None:
    grid, length = Grid(endpoint), 100
    outputs = grid.outputs(length)
    payloads = grid.payloads([{"do": "sum", "add": 1}] * length)
    grid.submit(
        [
            TaskDefinition(payloads[i], [outputs[i]], outputs[i - 1 : i] if i else [])
            for i in range(length)
        ]
    )
    expect(grid.wait([outputs[-1]]), "completed")
    expect(grid.value(outputs[-1]), length)


def diamond(endpoint: str) -> None:
    grid = Grid(endpoint)
    top, left, right, bottom = grid.outputs(4)
    one, two, three, four = grid.payloads([{"do": "sum", "add": n} for n in (1, 10, 100, 1000)])
    grid.submit(
        [
            TaskDefinition(four, [bottom], [left, right]),
            TaskDefinition(two, [left], [top]),
            TaskDefinition(three, [right], [top]),
            TaskDefinition(one, [top]),
        ]
    )
    expect(grid.wait([bottom]), "completed")
    expect(grid.value(bottom), 1 + 1 + 10 + 100 + 1000)


def fan_in(endpoint: str) -> None:
    grid, width = Grid(endpoint), 1_000
    outputs = grid.outputs(width + 1)
    payload, last = grid.payloads([{"do": "sum", "add": 1}, {"do": "sum"}])
    grid.submit(
        [TaskDefinition(last, [outputs[-1]], outputs[:-1])]
        + [TaskDefinition(payload, [output]) for output in outputs[:-1]]
    )
    expect(grid.wait([outputs[-1]]), "completed")
    expect(grid.value(outputs[-1]), width)


def fan_out(endpoint: str) -> None:
    grid, width = Grid(endpoint), 1_000
    outputs = grid.outputs(width + 1)
    first, payload = grid.payloads([{"do": "sum", "add": 7}, {"do": "sum", "add": 1}])
    grid.submit(
        [TaskDefinition(first, [outputs[0]])]
        + [TaskDefinition(payload, [output], outputs[:1]) for output in outputs[1:]]
    )
    expect(grid.wait(outputs), "completed")
    expect({grid.value(output) for output in outputs[1:20]}, {8})


def late_payload(endpoint: str) -> None:
    grid = Grid(endpoint)
    payload, output = grid.outputs(2)
    [task] = grid.submit([TaskDefinition(payload, [output])])
    expect(grid.status(task), TaskStatus.PENDING)
    grid.results.upload_result_data(payload, grid.session, b'{"do": "sum", "add": 3}')
    expect(grid.wait([output]), "completed")
    expect(grid.value(output), 3)


def takeover(endpoint: str) -> None:
    grid = Grid(endpoint)
    [output], [payload] = grid.outputs(1), grid.payloads([{"do": "takeover", "children": 50}])
    [task] = grid.submit([TaskDefinition(payload, [output])])
    expect(grid.wait([output]), "completed")
    expect(grid.value(output), 50)
    expect(grid.end(task), TaskStatus.COMPLETED)


def data_sizes(endpoint: str) -> None:
    grid, size = Grid(endpoint), 20_000_000
    empty, big, counted, made = grid.outputs(4)
    grid.results.upload_result_data(empty, grid.session, b"")
    grid.results.upload_result_data(big, grid.session, b"y" * size)
    count, make = grid.payloads([{"do": "size"}, {"do": "bytes", "count": size}])
    grid.submit([TaskDefinition(count, [counted], [empty, big]), TaskDefinition(make, [made])])
    expect(grid.wait([counted, made]), "completed")
    expect(grid.value(counted), size)
    expect(grid.results.download_result_data(made, grid.session), b"x" * size)
    expect(grid.results.download_result_data(empty, grid.session), b"")


def error_output(endpoint: str) -> None:
    grid = Grid(endpoint)
    output, after = grid.outputs(2)
    fail, then = grid.payloads([{"do": "error"}, {"do": "sum"}])
    failing, waiting = grid.submit(
        [TaskDefinition(fail, [output]), TaskDefinition(then, [after], [output])]
    )
    expect(grid.wait([after]), "aborted")
    expect(grid.tasks.get_task(failing).output.error, "it was asked to fail")
    expect([grid.end(failing), grid.end(waiting)], [TaskStatus.ERROR, TaskStatus.ERROR])


def raised_exception(endpoint: str) -> None:
    grid = Grid(endpoint, max_retries=2)
    [output], [payload] = grid.outputs(1), grid.payloads([{"do": "raise"}])
    [task] = grid.submit([TaskDefinition(payload, [output])])
    expect(grid.wait([output]), "aborted")
    attempts = [task, f"{task}###1", f"{task}###2"]
    expect(
        [grid.end(attempt) for attempt in attempts],
        [TaskStatus.RETRIED, TaskStatus.RETRIED, TaskStatus.ERROR],
    )
    error = grid.tasks.get_task(attempts[-1]).output.error
    print(error)
    expect("\nThe worker's code raised an exception. The log of the worker" in error, True)


def deadline(endpoint: str) -> None:
    grid = Grid(endpoint, max_duration=timedelta(seconds=1))
    output, next_output = grid.outputs(2)
    slow, quick = grid.payloads([{"do": "sleep", "seconds": 3}, {"do": "sum", "add": 1}])
    [task] = grid.submit([TaskDefinition(slow, [output])])
    expect(grid.wait([output]), "aborted")
    expect(grid.end(task), TaskStatus.TIMEOUT)
    grid.submit([TaskDefinition(quick, [next_output])])
    expect(grid.wait([next_output]), "completed")


def missing_output(endpoint: str) -> None:
    grid = Grid(endpoint)
    [output], [payload] = grid.outputs(1), grid.payloads([{"do": "nothing"}])
    [task] = grid.submit([TaskDefinition(payload, [output])])
    expect(grid.wait([output]), "aborted")
    expect(grid.end(task), TaskStatus.COMPLETED)


def cancelled_session(endpoint: str) -> None:
    grid = Grid(endpoint)
    outputs = grid.outputs(20)
    [payload] = grid.payloads([{"do": "sleep", "seconds": 2}])
    tasks = grid.submit([TaskDefinition(payload, [output]) for output in outputs])
    ended: list[str] = []
    waiter = threading.Thread(target=lambda: ended.append(grid.wait(outputs)))
    waiter.start()
    time.sleep(0.5)
    grid.sessions.cancel_session(grid.session)
    waiter.join(30)
    expect(ended, ["aborted"])
    final = {TaskStatus.CANCELLED, TaskStatus.COMPLETED}
    expect({grid.end(task) for task in tasks} - final, set())


def paused_session(endpoint: str) -> None:
    grid = Grid(endpoint)
    grid.sessions.pause_session(grid.session)
    [output], [payload] = grid.outputs(1), grid.payloads([{"do": "sum", "add": 5}])
    [task] = grid.submit([TaskDefinition(payload, [output])])
    time.sleep(0.5)
    expect(grid.status(task), TaskStatus.PAUSED)
    grid.sessions.resume_session(grid.session)
    expect(grid.wait([output]), "completed")


def every_wait_ends(endpoint: str) -> None:
    grid = Grid(endpoint, max_retries=1)
    jobs = [{"do": "sum", "add": 1}, {"do": "error"}, {"do": "nothing"}, {"do": "raise"}] * 10
    outputs, payloads = grid.outputs(len(jobs)), grid.payloads(jobs)
    grid.submit([TaskDefinition(p, [o]) for p, o in zip(payloads, outputs)])
    ends = [grid.wait([output]) for output in outputs]
    expect(ends, ["completed", "aborted", "aborted", "aborted"] * 10)
    statuses = {grid.results.get_result(output).status for output in outputs}
    expect(statuses, {ResultStatus.COMPLETED, ResultStatus.ABORTED})


if __name__ == "__main__":
    Grid.partition = (sys.argv[3:] or [""])[0]
    globals()[sys.argv[2]](sys.argv[1])
