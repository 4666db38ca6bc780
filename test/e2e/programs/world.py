"""What bad requests are made from: good ids of every kind, and raw stubs of the published SDK."""

from __future__ import annotations

from armonik.common import TaskDefinition
from armonik.protogen.client.events_service_pb2_grpc import EventsStub
from armonik.protogen.client.partitions_service_pb2_grpc import PartitionsStub
from armonik.protogen.client.results_service_pb2_grpc import ResultsStub
from armonik.protogen.client.sessions_service_pb2_grpc import SessionsStub
from armonik.protogen.client.tasks_service_pb2_grpc import TasksStub
from armonik.protogen.common import sessions_common_pb2 as sessions
from armonik.protogen.common import tasks_common_pb2 as tasks
from armonik.protogen.common.objects_pb2 import TaskOptions
from armonik.protogen.common.results_common_pb2 import UploadResultDataRequest as Upload
from google.protobuf.duration_pb2 import Duration
from grid import Grid, expect


class World:
    """A session with a result of each kind, another session with one, and raw stubs."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.grid = Grid(endpoint)
        channel = self.grid.channel
        self.sessions, self.tasks = SessionsStub(channel), TasksStub(channel)
        self.results, self.events = ResultsStub(channel), EventsStub(channel)
        self.partitions = PartitionsStub(channel)
        self.session = self.grid.session
        self.output, self.other, aborted = self.grid.outputs(3)
        self.payload, fail = self.grid.payloads([{"do": "sum", "add": 1}, {"do": "error"}])
        [self.task] = self.grid.submit([TaskDefinition(fail, [aborted])])
        expect(self.grid.wait([aborted]), "aborted")
        self.aborted = aborted
        elsewhere = Grid(endpoint)
        self.elsewhere = elsewhere.session
        [self.foreign] = elsewhere.outputs(1)

    def submit(self, session=None, options=None, **creation):
        one = tasks.SubmitTasksRequest.TaskCreation(**({"payload_id": self.payload} | creation))
        good = tasks.SubmitTasksRequest.TaskCreation(payload_id=self.payload)
        return self.tasks.SubmitTasks(
            tasks.SubmitTasksRequest(
                session_id=self.session if session is None else session,
                task_options=options,
                task_creations=[good, one],
            )
        )

    def create(self, partition_ids=(), **options):
        usual = {"max_retries": 1, "priority": 1, "max_duration": Duration(seconds=60)}
        return self.sessions.CreateSession(
            sessions.CreateSessionRequest(
                partition_ids=partition_ids, default_task_option=TaskOptions(**(usual | options))
            )
        )

    def say(self, request: bytes):
        """Whatever it is, as a submission."""
        return self.grid.channel.unary_unary("/armonik.api.grpc.v1.tasks.Tasks/SubmitTasks")(
            request
        )

    def upload(self, *messages):
        return self.results.UploadResultData(iter(messages))

    def id(self, result_id: str, session: str | None = None):
        return Upload(
            id=Upload.ResultIdentifier(session_id=session or self.session, result_id=result_id)
        )
