"""What an agent must refuse of its worker: asked from inside a task, on the SDK's own stub."""

from __future__ import annotations

import json

from armonik.common import Output
from armonik.protogen.common import agent_common_pb2 as agent
from armonik.protogen.common.objects_pb2 import TaskOptions
from armonik.worker import TaskHandler
from google.protobuf.duration_pb2 import Duration
from refusals import INVALID, MEGABYTE, NOT_FOUND, PRECONDITION, UNIMPLEMENTED, Case, all_wrong

TOKEN = "communication_token"


def token_cases(task: TaskHandler) -> list[Case]:
    stub = task._client
    requests = {
        "CreateResultsMetaData": agent.CreateResultsMetaDataRequest,
        "CreateResults": agent.CreateResultsRequest,
        "NotifyResultData": agent.NotifyResultDataRequest,
        "SubmitTasks": agent.SubmitTasksRequest,
        "GetResourceData": agent.DataRequest,
    }
    tokens = {
        "no": ("", "is empty"),
        "a wrong": ("wrong", "is not that"),
        "1 MB of": (MEGABYTE, "is not that"),
    }

    def call(method: str, token: str):
        request = requests[method](communication_token=token)
        return lambda: getattr(stub, method)(request)

    return [
        Case(f"{method} with {what} token", call(method, token), INVALID, f"{TOKEN}: {words}")
        for method in requests
        for what, (token, words) in tokens.items()
    ]


def data_cases(task: TaskHandler, job: dict) -> list[Case]:
    stub, unknown, foreign = task._client, job["unknown"], job["foreign"]

    def notify(*ids: str):
        named = [agent.NotifyResultDataRequest.ResultIdentifier(result_id=one) for one in ids]
        request = agent.NotifyResultDataRequest(communication_token=task.token, ids=named)
        return lambda: stub.NotifyResultData(request)

    def get(result_id: str):
        request = agent.DataRequest(communication_token=task.token, result_id=result_id)
        return lambda: stub.GetResourceData(request)

    field = r"ids\.result_id"
    return [
        Case("data of an unknown result", notify(unknown), NOT_FOUND, unknown),
        Case("data of another session's result", notify(foreign), NOT_FOUND, foreign),
        Case(
            "data of one known and one unknown", notify(job["pending"], unknown), NOT_FOUND, unknown
        ),
        Case("data of no result", notify(""), INVALID, field),
        Case("data outside of the folder", notify("../../secret"), INVALID, field),
        Case("data of a result of 1 MB", notify(MEGABYTE), INVALID, field),
        Case("an unknown resource", get(unknown), NOT_FOUND, f"Result was not found: {unknown}"),
        Case(
            "a resource without data", get(job["pending"]), NOT_FOUND, "Result data was not found"
        ),
        Case("an aborted resource", get(job["aborted"]), NOT_FOUND, "Result data was not found"),
        Case("no resource", get(""), NOT_FOUND, "Result was not found"),
        Case(
            "a resource outside of the folder",
            get("../../secret"),
            NOT_FOUND,
            "Result was not found",
        ),
        Case("a resource of 1 MB", get(MEGABYTE), NOT_FOUND, "Result was not found"),
        Case(
            "common data",
            lambda: stub.GetCommonData(agent.DataRequest()),
            UNIMPLEMENTED,
            "GetCommonData",
        ),
        Case(
            "direct data",
            lambda: stub.GetDirectData(agent.DataRequest()),
            UNIMPLEMENTED,
            "GetDirectData",
        ),
    ]


def subtask_cases(task: TaskHandler, job: dict) -> list[Case]:
    stub, payload = task._client, task.payload_id
    unknown, foreign, aborted = job["unknown"], job["foreign"], job["aborted"]

    def submit(options=None, **creation):
        one = agent.SubmitTasksRequest.TaskCreation(**({"payload_id": payload} | creation))
        request = agent.SubmitTasksRequest(
            communication_token=task.token, task_creations=[one], task_options=options
        )
        return lambda: stub.SubmitTasks(request)

    own = task.expected_results
    first = r"task_creations\[0\]\."
    return [
        Case("an unknown payload", submit(payload_id=unknown), NOT_FOUND, first + "payload_id"),
        Case(
            "another session's payload", submit(payload_id=foreign), NOT_FOUND, first + "payload_id"
        ),
        Case("no payload", submit(payload_id=""), INVALID, first + "payload_id: is empty"),
        Case(
            "an unknown input",
            submit(data_dependencies=[payload, unknown]),
            NOT_FOUND,
            first + r"data_dependencies\[1\]",
        ),
        Case(
            "an aborted input",
            submit(data_dependencies=[aborted]),
            PRECONDITION,
            first + r"data_dependencies\[0\]",
        ),
        Case(
            "an unknown output",
            submit(expected_output_keys=[unknown]),
            NOT_FOUND,
            first + r"expected_output_keys\[0\]",
        ),
        Case(
            "an output of 1 MB",
            submit(expected_output_keys=[MEGABYTE]),
            NOT_FOUND,
            first + r"expected_output_keys\[0\]",
        ),
        Case(
            "another session's output",
            submit(expected_output_keys=[foreign]),
            NOT_FOUND,
            first + r"expected_output_keys\[0\]",
        ),
        Case(
            "an output with data",
            submit(expected_output_keys=[payload]),
            PRECONDITION,
            first + r"expected_output_keys\[0\]",
        ),
        Case(
            "a subtask that depends on itself",
            submit(data_dependencies=own, expected_output_keys=own),
            INVALID,
            first + r"data_dependencies\[0\]: is one of the task's own outputs",
        ),
        Case(
            "negative retries",
            submit(TaskOptions(max_retries=-1)),
            INVALID,
            r"task_options\.max_retries: is -1",
        ),
        Case(
            "a huge priority",
            submit(TaskOptions(priority=2**31 - 1)),
            INVALID,
            r"task_options\.priority: is 2147483647",
        ),
        Case(
            "a negative duration",
            submit(TaskOptions(max_duration=Duration(seconds=-1))),
            INVALID,
            r"task_options\.max_duration",
        ),
        Case(
            "an unknown partition",
            submit(TaskOptions(partition_id="nowhere")),
            PRECONDITION,
            r'partition_id: is "nowhere"',
        ),
        Case(
            "a partition of 1 MB",
            submit(TaskOptions(partition_id=MEGABYTE)),
            PRECONDITION,
            r"partition_id: is",
        ),
    ]


def refusals(task: TaskHandler, job: dict) -> Output:
    """Puts down what was answered otherwise than it should as the task's output."""
    wrong = all_wrong(token_cases(task) + data_cases(task, job) + subtask_cases(task, job))
    nothing = agent.SubmitTasksRequest(communication_token=task.token)
    if len(task._client.SubmitTasks(nothing).task_infos) > 0:
        wrong.append("an empty submission made tasks")
    # None of it counts against the task.
    task.send_results(
        {result_id: json.dumps(wrong).encode() for result_id in task.expected_results}
    )
    return Output()
