"""bad_input.py ENDPOINT GROUP: asks what is wrong or odd; then a normal job ends right.

Exits with what was answered otherwise than it should.
"""

from __future__ import annotations

import json
import sys

from armonik.common import TaskDefinition
from client_refusals import session_cases, submission_cases
from data_refusals import list_cases, result_cases, upload_cases
from grid import Grid, expect
from hang_ups import hang_ups
from oddities import accepted, outcomes
from refusals import UNKNOWN, all_wrong
from world import World

CASES = {
    "sessions": session_cases,
    "submissions": submission_cases,
    "results": result_cases,
    "uploads": upload_cases,
    "lists": list_cases,
}


def agent_refusals(w: World) -> list[str]:
    """The table is the worker's: see agent_refusals.py. Its verdict is the task's output."""
    [output] = w.grid.outputs(1)
    ids = {"unknown": UNKNOWN, "foreign": w.foreign, "aborted": w.aborted, "pending": w.output}
    [payload] = w.grid.payloads([{"do": "refusals", **ids}])
    w.grid.submit([TaskDefinition(payload, [output])])
    expect(w.grid.wait([output]), "completed")
    return json.loads(w.grid.results.download_result_data(output, w.session))


OTHERS = {"agent": agent_refusals, "outcomes": outcomes, "accepted": accepted, "hang_ups": hang_ups}


def normal_job(endpoint: str) -> None:
    grid = Grid(endpoint)
    *parts, total = grid.outputs(21)
    add, join = grid.payloads([{"do": "sum", "add": 2}, {"do": "sum"}])
    grid.submit(
        [TaskDefinition(join, [total], parts)] + [TaskDefinition(add, [part]) for part in parts]
    )
    expect(grid.wait([total]), "completed")
    expect(grid.value(total), 40)


def main(endpoint: str, group: str) -> None:
    world = World(endpoint)
    if group in CASES:
        wrong = all_wrong(CASES[group](world))
    else:
        wrong = OTHERS[group](world)
    normal_job(endpoint)
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
