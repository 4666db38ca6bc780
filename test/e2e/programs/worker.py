"""The worker of the end-to-end tests: does what its payload says, and notes each execution."""

import json
import os
import time

from agent_refusals import refusals
from armonik.common import Output, TaskDefinition
from armonik.protogen.common.agent_common_pb2 import NotifyResultDataRequest
from armonik.worker import TaskHandler, armonik_worker


def note(task: TaskHandler) -> None:
    """One line per execution, appended in one write, so that a test can count them."""
    log = os.environ.get("EXECUTIONS_LOG")
    if log:
        worker = os.path.basename(os.environ["ComputePlane__WorkerChannel__Address"])
        with open(log, "ab", buffering=0) as file:
            file.write(f"{task.task_id} {worker}\n".encode())


def send(task: TaskHandler, data: bytes) -> None:
    task.send_results({result_id: data for result_id in task.expected_results})


def concat(task: TaskHandler, job: dict) -> None:
    inputs = [task.data_dependencies[key] for key in sorted(task.data_dependencies)]
    total = sum(int(data) for data in inputs) + int(job.get("add", 0))
    send(task, str(total).encode())


def takeover(task: TaskHandler, job: dict) -> None:
    count = int(job["children"])
    names = [f"out {i}" for i in range(count)]
    outputs = task.create_results_metadata(names, batch_size=1_000)
    payloads = task.create_results(
        {f"in {i}": json.dumps({"do": "sum", "add": 1}).encode() for i in range(count)}
        | {"last": json.dumps({"do": "sum"}).encode()},
        batch_size=1_000,
    )
    ids = [outputs[name].result_id for name in names]
    children = [TaskDefinition(payloads[f"in {i}"].result_id, [ids[i]]) for i in range(count)]
    last = TaskDefinition(payloads["last"].result_id, task.expected_results, ids)
    task.submit_tasks([*children, last])


def mark(job: dict, word: str) -> None:
    with open(job["marks"], "ab", buffering=0) as file:
        file.write(f"{word}\n".encode())


def announce(task: TaskHandler, *ids: str) -> None:
    """Without having written anything."""
    named = [NotifyResultDataRequest.ResultIdentifier(result_id=one) for one in ids]
    request = NotifyResultDataRequest(communication_token=task.token, ids=named)
    task._client.NotifyResultData(request)


def tcp_endpoints() -> dict:
    """Of a TCP address the SDK makes one that it cannot listen on, so it is told which it is."""
    if os.environ.get("ComputePlane__WorkerChannel__SocketType") != "tcp":
        return {}
    return {
        "worker_endpoint": os.environ["ComputePlane__WorkerChannel__Address"].split("//")[1],
        "agent_endpoint": os.environ["ComputePlane__AgentChannel__Address"],
    }


@armonik_worker(**tcp_endpoints())
def process(task: TaskHandler) -> Output:
    note(task)
    job = json.loads(task.payload)
    kind = job["do"]
    if kind == "sum":
        time.sleep(float(job.get("seconds", 0)))
        concat(task, job)
    elif kind == "size":
        send(task, str(sum(len(data) for data in task.data_dependencies.values())).encode())
    elif kind == "bytes":
        send(task, b"x" * int(job["count"]))
    elif kind == "takeover":
        takeover(task, job)
    elif kind == "linger":
        # What it owes is there, and its answer comes later; both are noted.
        concat(task, job)
        mark(job, "sent")
        time.sleep(float(job["seconds"]))
        mark(job, "answers")
    elif kind == "sleep":
        time.sleep(float(job["seconds"]))
        send(task, b"slept")
    elif kind == "error":
        return Output("it was asked to fail")
    elif kind == "raise":
        raise RuntimeError("it was asked to raise")
    elif kind == "nothing":
        pass
    elif kind == "refusals":
        return refusals(task, job)
    elif kind == "promise":
        announce(task, *task.expected_results)
    elif kind == "foist":
        task.send_results({result_id: b"1" for result_id in [*task.expected_results, job["on"]]})
    else:
        return Output(f"unknown: {kind}")
    return Output()


if __name__ == "__main__":
    process.run()
