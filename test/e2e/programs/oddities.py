"""Requests that are odd and not refused, and what becomes of them."""

from __future__ import annotations

import json

from armonik.common import TaskDefinition, TaskStatus
from armonik.protogen.common import results_common_pb2 as results
from armonik.protogen.common import tasks_common_pb2 as tasks
from armonik.protogen.common.objects_pb2 import TaskOptions
from google.protobuf.duration_pb2 import Duration
from grid import Grid, expect
from refusals import HUGE, MEGABYTE, UNKNOWN
from world import World


def accepted(w: World) -> None:
    expect(list(w.tasks.CancelTasks(tasks.CancelTasksRequest()).tasks), [])
    unknown = tasks.CancelTasksRequest(task_ids=[UNKNOWN, "", MEGABYTE])
    expect(list(w.tasks.CancelTasks(unknown).tasks), [])
    ids = tasks.GetResultIdsRequest(task_id=[UNKNOWN, w.task, w.task])
    expect([one.task_id for one in w.tasks.GetResultIds(ids).task_results], [w.task])
    nothing = results.CreateResultsRequest(session_id=w.session)
    expect(len(w.results.CreateResults(nothing).results), 0)
    expect(w.grid.tasks.list_tasks(page=HUGE, page_size=HUGE)[1], [])
    w.create(["default", "default"])
    w.create(max_retries=HUGE, max_duration=Duration(seconds=315_576_000_000), priority=99)
    repeated(w)
    megabytes(w)


def repeated(w: World) -> None:
    """A dependency, the payload and an output named several times count once."""
    [output] = w.grid.outputs(1)
    one, payload = w.grid.payloads([{"do": "sum", "add": 4}, {"do": "size"}])
    thrice = [one, payload, one, one]
    w.submit(payload_id=payload, data_dependencies=thrice, expected_output_keys=[output] * 3)
    expect(w.grid.wait([output]), "completed")
    sizes = len(json.dumps({"do": "sum", "add": 4})) + len(json.dumps({"do": "size"}))
    expect(w.grid.value(output), sizes)


def megabytes(w: World) -> None:
    """Names and option keys of 1 MB come back as they were given."""
    name = MEGABYTE
    made = w.grid.results.create_results_metadata([name], w.session)[name]
    expect(w.grid.results.get_result(made.result_id).name, name)
    options = TaskOptions(options={MEGABYTE: "value"}, application_name=MEGABYTE)
    reply = w.submit(options=options, expected_output_keys=[made.result_id])
    task = reply.task_infos[1].task_id
    expect(w.grid.wait([made.result_id]), "completed")
    found = w.tasks.GetTask(tasks.GetTaskRequest(task_id=task)).task
    expect(dict(found.options.options), {MEGABYTE: "value"})
    expect(w.grid.end(task), TaskStatus.COMPLETED)
    w.create(options={MEGABYTE: MEGABYTE})


def outcomes(w: World) -> None:
    """What a worker did wrong without being refused at once."""
    grid = Grid(w.endpoint, max_retries=1)
    [promised] = grid.outputs(1)
    [payload] = grid.payloads([{"do": "promise"}])
    [task] = grid.submit([TaskDefinition(payload, [promised])])
    expect(grid.wait([promised]), "aborted")
    expect([grid.end(task), grid.end(f"{task}###1")], [TaskStatus.RETRIED, TaskStatus.ERROR])
    said = f"Result {promised} was announced, but its file is not in the data folder"
    expect(said in grid.tasks.get_task(f"{task}###1").output.error, True)

    # As in ArmoniK a worker may give data to any result of its session. Who commits first, counts.
    first, second = grid.outputs(2)
    foist, late = grid.payloads([{"do": "foist", "on": second}, {"do": "sum", "add": 9}])
    foisting, owner = grid.submit(
        [TaskDefinition(foist, [first]), TaskDefinition(late, [second], [first])]
    )
    expect(grid.wait([first, second]), "completed")
    expect([grid.end(foisting), grid.end(owner)], [TaskStatus.COMPLETED] * 2)
    expect([grid.value(first), grid.value(second)], [1, 1])
