"""load.py ENDPOINT COUNT [SESSION]: many short tasks, whatever happens to the grid meanwhile.

Of each hundred one splits into four subtasks, and the last adds up what the others gave.
Exits with 0 when each has ended with the right value. With a session it submits nothing and takes
the place of a client that was killed after it had submitted.
"""

from __future__ import annotations

import sys

from armonik.common import Result, ResultStatus, TaskDefinition
from grid import Grid, expect, patiently, submitting

DISTINCT, BLOCK, SPLIT = 20, 100, 49
CHILDREN = 3


def expected(i: int) -> int:
    if i % BLOCK == SPLIT:
        return CHILDREN
    before = range(i - BLOCK + 1, i) if i % BLOCK == BLOCK - 1 else []
    return i % DISTINCT + sum(expected(other) for other in before)


def submit(grid: Grid, count: int) -> list[str]:
    outputs = grid.outputs(count)
    sums = [{"do": "sum", "add": i, "seconds": 0.003} for i in range(DISTINCT)]
    *adds, split = grid.payloads([*sums, {"do": "takeover", "children": CHILDREN}])

    def task(i: int) -> TaskDefinition:
        payload = split if i % BLOCK == SPLIT else adds[i % DISTINCT]
        inputs = outputs[i - BLOCK + 1 : i] if i % BLOCK == BLOCK - 1 else []
        return TaskDefinition(payload, [outputs[i]], inputs)

    grid.submit([task(i) for i in range(count)])
    return outputs


def find(grid: Grid, count: int) -> list[str]:
    ours = (Result.session_id == grid.session) & Result.name.startswith("output ")
    total, rows = patiently(grid.results.list_results, ours, 0, count)
    expect(total, count)
    return [row.result_id for row in sorted(rows, key=lambda row: int(row.name.split()[1]))]


def main(endpoint: str, count: int, session: str | None = None) -> None:
    grid = Grid(endpoint, session, max_retries=5)
    if session is None:
        outputs = submitting(grid, lambda: submit(grid, count))
    else:
        outputs = find(grid, count)
    for start in range(0, count, 500):
        expect(grid.wait(outputs[start : start + 500]), "completed")
    for i, output in enumerate(outputs):
        # The stores are asked for all of them; here it is the interface that must not lie.
        if session or i % 10 == 0:
            expect(patiently(grid.results.get_result, output).status, ResultStatus.COMPLETED)
            expect(patiently(grid.value, output), expected(i))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
