"""Requests that the grid must refuse, as a table: what, call, status, words that name the field."""

from __future__ import annotations

import re
from typing import Callable, Iterable, NamedTuple

import grpc

NOT_FOUND = grpc.StatusCode.NOT_FOUND
INVALID = grpc.StatusCode.INVALID_ARGUMENT
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED

UNKNOWN = "11111111-2222-3333-4444-555555555555"
MEGABYTE = "é" * 2**19
HUGE = 2**31 - 1


class Case(NamedTuple):
    what: str
    call: Callable[[], object]
    status: grpc.StatusCode
    """A regular expression, to be found in the details."""
    words: str


def drained(call) -> list:
    """Reads a stream to its end, or to its refusal; an answer of one message is read as it is."""
    return list(call) if hasattr(call, "__next__") else [call]


def wrong(case: Case) -> str | None:
    try:
        answer = str(drained(case.call()))[:200]
    except grpc.RpcError as error:
        code, details = error.code(), error.details() or ""
        if code == case.status and re.search(case.words, details):
            return None
        answer = f"{code.name} {details[:300]}"
    return f"{case.what}: expected {case.status.name} with /{case.words}/, got {answer}"


def all_wrong(cases: Iterable[Case]) -> list[str]:
    """What was not refused as it should be; empty if all is well."""
    return [text for case in cases if (text := wrong(case))]
