"""load.py ENDPOINT COUNT: many short tasks, whatever happens to the grid meanwhile.

Prints "submitted SESSION" when all are accepted and "done" when each has ended with the right value.
"""

import sys
import time

import grpc
from armonik.common import ResultStatus, TaskDefinition
from grid import Grid, expect


def patiently(call, *arguments):
    """Repeats a call while the grid is away; it must come back within two minutes."""
    end = time.monotonic() + 120
    while True:
        try:
            return call(*arguments)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > end:
                raise
            time.sleep(0.2)


endpoint, count = sys.argv[1], int(sys.argv[2])
grid = Grid(endpoint, max_retries=5)
outputs = grid.outputs(count)
payloads = grid.payloads([{"do": "sum", "add": i, "seconds": 0.002} for i in range(20)])
grid.submit([TaskDefinition(payloads[i % 20], [output]) for i, output in enumerate(outputs)])
print(f"submitted {grid.session}", flush=True)
for start in range(0, count, 500):
    expect(grid.wait(outputs[start : start + 500]), "completed")
for i, output in enumerate(outputs):
    if i % 10 == 0:
        expect(patiently(grid.results.get_result, output).status, ResultStatus.COMPLETED)
        expect(patiently(grid.value, output), i % 20)
print("done", flush=True)
