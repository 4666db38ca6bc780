"""steady.py ENDPOINT PARTITION COUNT SECONDS: so many tasks that take so long each.

Exits with 0 when each has ended COMPLETED with its data, at its first attempt.
"""

import sys

from armonik.common import TaskDefinition, TaskStatus
from grid import Grid, expect

Grid.partition = sys.argv[2]
count, seconds = int(sys.argv[3]), float(sys.argv[4])
grid = Grid(sys.argv[1], partition_id=Grid.partition)
outputs = grid.outputs(count)
[payload] = grid.payloads([{"do": "sleep", "seconds": seconds}])
tasks = grid.submit([TaskDefinition(payload, [output]) for output in outputs])
expect(grid.wait(outputs), "completed")
for output in outputs:
    expect(grid.results.download_result_data(output, grid.session), b"slept")
expect({grid.end(task) for task in tasks}, {TaskStatus.COMPLETED})
