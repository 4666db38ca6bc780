"""What the control plane must refuse of those who send, fetch, list and watch."""

from __future__ import annotations

from armonik.protogen.common import events_common_pb2 as events
from armonik.protogen.common import partitions_common_pb2 as partitions
from armonik.protogen.common import results_common_pb2 as results
from armonik.protogen.common import results_filters_pb2 as results_filters
from armonik.protogen.common import tasks_common_pb2 as tasks
from armonik.protogen.common import tasks_fields_pb2 as tasks_fields
from armonik.protogen.common import tasks_filters_pb2 as tasks_filters
from armonik.protogen.common.filters_common_pb2 import FilterDate
from armonik.protogen.common.results_common_pb2 import UploadResultDataRequest as Upload
from google.protobuf.timestamp_pb2 import Timestamp
from refusals import HUGE, INVALID, MEGABYTE, NOT_FOUND, PRECONDITION, UNKNOWN, Case
from world import World


def result_cases(w: World) -> list[Case]:
    def create(session: str):
        return lambda: w.results.CreateResults(results.CreateResultsRequest(session_id=session))

    def announce(session: str):
        request = results.CreateResultsMetaDataRequest(session_id=session)
        return lambda: w.results.CreateResultsMetaData(request)

    def get(result_id: str):
        return lambda: w.results.GetResult(results.GetResultRequest(result_id=result_id))

    def download(result_id: str):
        request = results.DownloadResultDataRequest(session_id=w.session, result_id=result_id)
        return lambda: w.results.DownloadResultData(request)

    def task(task_id: str):
        return lambda: w.tasks.GetTask(tasks.GetTaskRequest(task_id=task_id))

    def partition(name: str):
        return lambda: w.partitions.GetPartition(partitions.GetPartitionRequest(id=name))

    return [
        Case("results of an unknown session", create(UNKNOWN), NOT_FOUND, "Session was not found"),
        Case("results of no session", create(""), NOT_FOUND, "session_id is empty"),
        Case(
            "metadata of an unknown session", announce(UNKNOWN), NOT_FOUND, "Session was not found"
        ),
        Case("an unknown result", get(UNKNOWN), NOT_FOUND, f"Result was not found: {UNKNOWN}"),
        Case("no result", get(""), NOT_FOUND, "result_id is empty"),
        Case("a task's id as a result", get(w.task), NOT_FOUND, "Result was not found"),
        Case("a result of 1 MB", get(MEGABYTE), NOT_FOUND, "Result was not found: ééé"),
        Case("data of an unknown result", download(UNKNOWN), NOT_FOUND, "Result was not found"),
        Case(
            "data that is not there yet", download(w.output), NOT_FOUND, "Result data was not found"
        ),
        Case(
            "data that will never be there",
            download(w.aborted),
            NOT_FOUND,
            "Result data was not found",
        ),
        Case("an unknown task", task(UNKNOWN), NOT_FOUND, f"Task was not found: {UNKNOWN}"),
        Case("no task", task(""), NOT_FOUND, "task_id is empty"),
        Case("a task of 1 MB", task(MEGABYTE), NOT_FOUND, "Task was not found: ééé"),
        Case(
            "an unknown partition",
            partition("nowhere"),
            NOT_FOUND,
            "Partition was not found: nowhere",
        ),
        Case("a partition of 1 MB", partition(MEGABYTE), NOT_FOUND, "Partition was not found: ééé"),
    ]


def upload_cases(w: World) -> list[Case]:
    chunk = Upload(data_chunk=b"data")
    return [
        Case("nothing", lambda: w.upload(), PRECONDITION, "before the result's id"),
        Case(
            "data before the id",
            lambda: w.upload(chunk, w.id(w.output)),
            INVALID,
            "type: the first message is dataChunk",
        ),
        Case(
            "an empty message first",
            lambda: w.upload(Upload()),
            INVALID,
            "type: the first message is empty",
        ),
        Case(
            "two ids",
            lambda: w.upload(w.id(w.output), w.id(w.output)),
            INVALID,
            "type: message 2 is id",
        ),
        Case(
            "an id after data",
            lambda: w.upload(w.id(w.output), chunk, w.id(w.other)),
            INVALID,
            "type: message 3 is id",
        ),
        Case(
            "an empty message after data",
            lambda: w.upload(w.id(w.output), chunk, Upload()),
            INVALID,
            "type: message 3 is empty",
        ),
        Case(
            "to an unknown result",
            lambda: w.upload(w.id(UNKNOWN), chunk),
            NOT_FOUND,
            "Result was not found",
        ),
        Case(
            "to an unknown session",
            lambda: w.upload(w.id(w.output, UNKNOWN), chunk),
            NOT_FOUND,
            "Session was not found",
        ),
        Case(
            "to a result of another session",
            lambda: w.upload(w.id(w.foreign), chunk),
            NOT_FOUND,
            f"{w.foreign} in session",
        ),
        Case(
            "to an aborted result",
            lambda: w.upload(w.id(w.aborted), chunk),
            PRECONDITION,
            "status 3",
        ),
        Case("over data", lambda: w.upload(w.id(w.payload), chunk), PRECONDITION, "status 2"),
        Case(
            "1 MB of id",
            lambda: w.upload(w.id(MEGABYTE), chunk),
            NOT_FOUND,
            "Result was not found: ééé",
        ),
    ]


def list_cases(w: World) -> list[Case]:
    sort = tasks.ListTasksRequest.Sort(
        direction=1,
        field=tasks_fields.TaskField(
            task_summary_field=tasks_fields.TaskSummaryField(
                field=tasks_fields.TASK_SUMMARY_ENUM_FIELD_TASK_ID
            )
        ),
    )
    none = tasks_filters.Filters()

    def listing(**change):
        fields = {"page": 0, "page_size": 10, "filters": none, "sort": sort} | change
        return lambda: w.tasks.ListTasks(tasks.ListTasksRequest(**fields))

    def watching(**fields):
        request = events.EventSubscriptionRequest(session_id=w.session, **fields)
        return lambda: w.events.GetEvents(request)

    def created_at(seconds: int):
        """An equality with a date."""
        summary = tasks_fields.TaskSummaryField(
            field=tasks_fields.TASK_SUMMARY_ENUM_FIELD_CREATED_AT
        )
        one = tasks_filters.FilterField(
            field=tasks_fields.TaskField(task_summary_field=summary),
            filter_date=FilterDate(value=Timestamp(seconds=seconds)),
        )
        return tasks_filters.Filters(**{"or": [tasks_filters.FiltersAnd(**{"and": [one]})]})

    half = results_filters.Filters(
        **{"or": [results_filters.FiltersAnd(**{"and": [results_filters.FilterField()]})]}
    )
    undirected = tasks.ListTasksRequest.Sort(field=sort.field)
    return [
        Case("a negative page", listing(page=-1), INVALID, "page: is -1"),
        Case(
            "a negative page size", listing(page_size=-HUGE), INVALID, "page_size: is -2147483647"
        ),
        Case(
            "a date beyond all dates",
            listing(filters=created_at(2**50)),
            INVALID,
            r"filters.or\[0\].and\[0\].filter_date.value: is no date",
        ),
        Case(
            "a date beyond all numbers",
            listing(filters=created_at(2**62)),
            INVALID,
            "request: cannot be decoded",
        ),
        Case("no filters", listing(filters=None), INVALID, "filters: is missing"),
        Case("no sort", listing(sort=None), INVALID, "sort: is missing"),
        Case("no direction", listing(sort=undirected), INVALID, "sort.direction: is 0"),
        Case(
            "no field to sort by",
            listing(sort=tasks.ListTasksRequest.Sort(direction=1)),
            INVALID,
            "sort.field",
        ),
        Case(
            "events of an unknown kind",
            watching(returned_events=[99]),
            INVALID,
            r"returned_events\[0\]: is 99",
        ),
        Case(
            "events with half a filter",
            watching(results_filters=half),
            INVALID,
            r"results_filters.or\[0\].and\[0\].field",
        ),
    ]
