"""hour_sleepers.py ENDPOINT timeout|cancel: two tasks that never return, and then ten that do.

Exits 0 when the two have ended as they should and the ten are completed. Prints what task ids it
used: one line of the sleepers, one of the others.
"""

import sys
import time
from datetime import timedelta

from armonik.common import TaskDefinition, TaskStatus
from grid import Grid, expect

endpoint, how = sys.argv[1:3]
grid = Grid(endpoint, max_duration=timedelta(seconds=3 if how == "timeout" else 7_200))
outputs = grid.outputs(12)
hour, quick = grid.payloads([{"do": "sleep", "seconds": 3_600}, {"do": "sum", "add": 1}])
sleepers = grid.submit([TaskDefinition(hour, [output]) for output in outputs[:2]])
if how == "cancel":
    while any(grid.status(one) != TaskStatus.PROCESSING for one in sleepers):
        time.sleep(0.05)
    grid.tasks.cancel_tasks(sleepers)
wanted = TaskStatus.TIMEOUT if how == "timeout" else TaskStatus.CANCELLED
expect([grid.end(one) for one in sleepers], [wanted] * 2)
others = grid.submit([TaskDefinition(quick, [output]) for output in outputs[2:]])
expect(grid.wait(outputs[2:]), "completed")
expect([grid.value(output) for output in outputs[2:]], [1] * 10)
print(" ".join(sleepers), " ".join(others), sep="\n")
