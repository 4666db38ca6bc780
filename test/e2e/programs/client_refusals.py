"""What the control plane must refuse of those who open sessions and submit tasks."""

from __future__ import annotations

from armonik.protogen.common import sessions_common_pb2 as sessions
from armonik.protogen.common import tasks_common_pb2 as tasks
from armonik.protogen.common.objects_pb2 import TaskOptions
from google.protobuf.duration_pb2 import Duration
from refusals import HUGE, INVALID, MEGABYTE, NOT_FOUND, PRECONDITION, UNKNOWN, Case
from world import World


def session_cases(w: World) -> list[Case]:
    verbs = ["GetSession", "PauseSession", "ResumeSession", "CloseSession", "CancelSession"]
    verbs += ["StopSubmission"]

    def on(verb: str, session_id: str):
        request = getattr(sessions, f"{verb}Request")
        return lambda: getattr(w.sessions, verb)(request(session_id=session_id))

    absent = [
        Case(f"{verb} of {what}", on(verb, session), NOT_FOUND, f"^Session was not found: {words}")
        for verb in verbs
        for what, session, words in [
            ("an unknown session", UNKNOWN, UNKNOWN),
            ("no session", "", "session_id is empty"),
            ("a result's id", w.output, w.output),
            ("a session of 1 MB", MEGABYTE, "ééé"),
        ]
    ]
    option = "default_task_option"
    return absent + [
        Case(
            "no default options",
            lambda: w.sessions.CreateSession(sessions.CreateSessionRequest()),
            INVALID,
            option,
        ),
        Case(
            "no duration",
            lambda: w.sessions.CreateSession(
                sessions.CreateSessionRequest(
                    default_task_option=TaskOptions(max_retries=1, priority=1)
                )
            ),
            INVALID,
            rf"{option}\.max_duration: is missing",
        ),
        Case("no retries", lambda: w.create(max_retries=0), INVALID, r"\.max_retries: is 0"),
        Case(
            "negative retries",
            lambda: w.create(max_retries=-HUGE),
            INVALID,
            r"\.max_retries: is -2147",
        ),
        Case("priority 0", lambda: w.create(priority=0), INVALID, r"\.priority: is 0"),
        Case("negative priority", lambda: w.create(priority=-1), INVALID, r"\.priority: is -1"),
        Case(
            "huge priority", lambda: w.create(priority=HUGE), INVALID, r"\.priority: is 2147483647"
        ),
        Case(
            "a duration of 146 billion years",
            lambda: w.create(max_duration=Duration(seconds=2**62)),
            INVALID,
            "request: cannot be decoded",
        ),
        Case(
            "negative duration",
            lambda: w.create(max_duration=Duration(seconds=-1)),
            INVALID,
            r"\.max_duration: is -1000 ms",
        ),
        Case(
            "an unknown partition",
            lambda: w.create(["nowhere"]),
            NOT_FOUND,
            "Partition was not found: nowhere",
        ),
        Case(
            "an empty partition among others",
            lambda: w.create(["default", ""]),
            INVALID,
            r"partition_ids\[1\]",
        ),
        Case(
            "options of an unknown partition",
            lambda: w.create(partition_id="nowhere"),
            NOT_FOUND,
            "Partition was not found: nowhere",
        ),
        Case(
            "a partition of 1 MB",
            lambda: w.create([MEGABYTE]),
            NOT_FOUND,
            "Partition was not found: ééé",
        ),
    ]


def submission_cases(w: World) -> list[Case]:
    first = r"task_creations\[1\]\."
    no_task = tasks.SubmitTasksRequest(session_id=w.session)
    return [
        Case("bytes that are no message", lambda: w.say(b"\xff" * 99), INVALID, "request: cannot"),
        Case("no task", lambda: w.tasks.SubmitTasks(no_task), INVALID, "task_creations: is empty"),
        Case("an unknown session", lambda: w.submit(UNKNOWN), NOT_FOUND, "Session was not found"),
        Case("no session", lambda: w.submit(""), NOT_FOUND, "session_id is empty"),
        Case(
            "no payload", lambda: w.submit(payload_id=""), INVALID, first + "payload_id: is empty"
        ),
        Case(
            "an unknown payload",
            lambda: w.submit(payload_id=UNKNOWN),
            NOT_FOUND,
            first + "payload_id",
        ),
        Case(
            "a payload of another session",
            lambda: w.submit(payload_id=w.foreign),
            NOT_FOUND,
            first + "payload_id",
        ),
        Case(
            "a payload that was aborted",
            lambda: w.submit(payload_id=w.aborted),
            PRECONDITION,
            first + "payload_id.*status 3",
        ),
        Case(
            "a payload of 1 MB's name",
            lambda: w.submit(payload_id=MEGABYTE),
            NOT_FOUND,
            first + "payload_id",
        ),
        Case(
            "an unknown dependency",
            lambda: w.submit(data_dependencies=[w.payload, UNKNOWN]),
            NOT_FOUND,
            first + r"data_dependencies\[1\]",
        ),
        Case(
            "a dependency of another session",
            lambda: w.submit(data_dependencies=[w.foreign]),
            NOT_FOUND,
            first + r"data_dependencies\[0\]",
        ),
        Case(
            "an aborted dependency",
            lambda: w.submit(data_dependencies=[w.aborted]),
            PRECONDITION,
            first + r"data_dependencies\[0\]",
        ),
        Case(
            "an output that does not exist",
            lambda: w.submit(expected_output_keys=[UNKNOWN]),
            NOT_FOUND,
            first + r"expected_output_keys\[0\]",
        ),
        Case(
            "an output of another session",
            lambda: w.submit(expected_output_keys=[w.output, w.foreign]),
            NOT_FOUND,
            first + r"expected_output_keys\[1\]",
        ),
        Case(
            "an output that is there already",
            lambda: w.submit(expected_output_keys=[w.payload]),
            PRECONDITION,
            first + r"expected_output_keys\[0\].*status 2",
        ),
        Case(
            "a task that depends on itself",
            lambda: w.submit(data_dependencies=[w.output], expected_output_keys=[w.output]),
            INVALID,
            first + r"data_dependencies\[0\]: is one of the task's own outputs",
        ),
        Case(
            "a task that is its own payload",
            lambda: w.submit(payload_id=w.output, expected_output_keys=[w.output]),
            INVALID,
            first + "payload_id: is one of the task's own outputs",
        ),
        *option_cases(w),
    ]


def option_cases(w: World) -> list[Case]:
    table = [
        (TaskOptions(max_retries=-1), INVALID, "max_retries: is -1"),
        (TaskOptions(priority=100), INVALID, "priority: is 100"),
        (TaskOptions(priority=-HUGE), INVALID, "priority: is -2147483647"),
        (TaskOptions(max_duration=Duration(seconds=-5)), INVALID, "max_duration: is -5000 ms"),
        (TaskOptions(partition_id="nowhere"), PRECONDITION, 'partition_id: is "nowhere"'),
        (TaskOptions(partition_id=MEGABYTE), PRECONDITION, 'partition_id: is "ééé'),
    ]
    cases = []
    for options, status, words in table:
        what = str(options)[:60].strip()
        of_all = lambda options=options: w.submit(options=options)
        of_one = lambda options=options: w.submit(task_options=options)
        cases.append(Case(f"{what} for all", of_all, status, r"task_options\." + words))
        one = r"task_creations\[1\]\.task_options\." + words
        cases.append(Case(f"{what} for one", of_one, status, one))
    return cases
