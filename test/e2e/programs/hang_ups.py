"""Clients that go away in the middle, and ones that speak no gRPC."""

from __future__ import annotations

import socket
import time

import grpc
from armonik.common import Task, TaskStatus
from armonik.protogen.client.events_service_pb2_grpc import EventsStub
from armonik.protogen.client.results_service_pb2_grpc import ResultsStub
from armonik.protogen.common import events_common_pb2 as events
from armonik.protogen.common import tasks_common_pb2 as tasks
from armonik.protogen.common.results_common_pb2 import UploadResultDataRequest as Upload
from grid import Grid, expect
from world import World


def hang_ups(w: World) -> None:
    in_the_middle_of_uploads(w)
    in_the_middle_of_events(w)
    in_the_middle_of_submissions(w)
    with_garbage(w)


def in_the_middle_of_uploads(w: World) -> None:
    [target] = w.grid.outputs(1)
    for hang_up in ["cancel", "close"]:
        channel = grpc.insecure_channel(w.endpoint.removeprefix("http://"))

        def messages():
            yield w.id(target)
            for _ in range(4):
                yield Upload(data_chunk=b"half" * 25_000)
            if hang_up == "close":
                channel.close()
            call.cancel()
            time.sleep(60)  # never finished

        call = ResultsStub(channel).UploadResultData.future(messages())
        try:
            call.result()
            raise SystemExit("half an upload was accepted")
        except (grpc.RpcError, grpc.FutureCancelledError):
            channel.close()
    w.upload(w.id(target), Upload(data_chunk=b"whole"))
    expect(w.grid.results.download_result_data(target, w.session), b"whole")


def in_the_middle_of_events(w: World) -> None:
    for _ in range(20):
        channel = grpc.insecure_channel(w.endpoint.removeprefix("http://"))
        streams = [
            EventsStub(channel).GetEvents(events.EventSubscriptionRequest(session_id=w.session))
            for _ in range(5)
        ]
        next(streams[0])
        streams[1].cancel()
        channel.close()


def in_the_middle_of_submissions(w: World) -> None:
    """Answered or not: all tasks of a call are there, or none, and those that are there end."""
    grid, size = Grid(w.endpoint), 20
    [payload] = grid.payloads([{"do": "sum", "add": 1}])
    creations = [tasks.SubmitTasksRequest.TaskCreation(payload_id=payload)] * size
    request = tasks.SubmitTasksRequest(session_id=grid.session, task_creations=creations)
    answered = 0
    for milliseconds in range(20):
        call = w.tasks.SubmitTasks.future(request)
        time.sleep(milliseconds / 1_000)
        call.cancel()
        answered += not call.cancelled()
    ours = Task.session_id == grid.session
    deadline = time.monotonic() + 60
    while True:
        total, _ = grid.tasks.list_tasks(ours, page_size=1)
        done, _ = grid.tasks.list_tasks(ours & (Task.status == TaskStatus.COMPLETED), page_size=1)
        if total == done and total >= size * answered and total % size == 0:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"{answered} calls were answered: {total} tasks, {done} completed")
        time.sleep(0.1)


def with_garbage(w: World) -> None:
    host, port = w.endpoint.removeprefix("http://").split(":")
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for said in [
        b"",
        b"GET / HTTP/1.1\r\nHost: grid\r\n\r\n",
        bytes(range(256)) * 40,
        preface + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" + b"\xff" * 4_000,
        preface + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",
    ]:
        with socket.create_connection((host, int(port)), timeout=1) as connection:
            try:
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass
            except OSError:
                pass  # it was hung up on, which is as well
