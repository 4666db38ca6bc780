"""A client that has the squares of some numbers summed, by the worker in worker.py."""

import argparse
import json
from datetime import timedelta

from armonik.client import ArmoniKEvents, ArmoniKResults, ArmoniKSessions, ArmoniKTasks
from armonik.common import TaskDefinition, TaskOptions
from armonik.common.channel import create_channel

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--endpoint", default="http://127.0.0.1:5001", help="of the grid")
parser.add_argument("--partition", default="", help="where the worker is; else the grid's default")
parser.add_argument("--last", type=int, default=1_000, help="the last number to square")
parser.add_argument("--parts", type=int, default=10, help="how many subtasks to make of it")
arguments = parser.parse_args()

with create_channel(arguments.endpoint) as channel:
    sessions, results = ArmoniKSessions(channel), ArmoniKResults(channel)
    tasks, events = ArmoniKTasks(channel), ArmoniKEvents(channel)

    options = TaskOptions(
        max_duration=timedelta(minutes=5),
        max_retries=3,
        priority=1,
        partition_id=arguments.partition,
    )
    session = sessions.create_session(
        options, [arguments.partition] if arguments.partition else None
    )

    job = {
        "kind": "sum of squares",
        "first": 1,
        "last": arguments.last,
        "parts": arguments.parts,
    }
    payload = results.create_results({"job": json.dumps(job).encode()}, session)["job"]
    answer = results.create_results_metadata(["answer"], session)["answer"]
    [task] = tasks.submit_tasks(session, [TaskDefinition(payload.result_id, [answer.result_id])])
    print(f"session {session}: task {task.id} submitted")

    try:
        events.wait_for_result_availability(answer.result_id, session)
    except RuntimeError:
        parser.exit(1, f"the task failed: {tasks.get_task(task.id).output.error}\n")
    value = json.loads(results.download_result_data(answer.result_id, session))
    print(f"1² + 2² + … + {arguments.last}² = {value}")

    sessions.close_session(session)
