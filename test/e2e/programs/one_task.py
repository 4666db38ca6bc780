"""one_task.py ENDPOINT JOB EXPECTED: one task that does the job; exits with 0 when its data is right."""

import json
import sys

from armonik.common import TaskDefinition
from grid import Grid, expect, submitting

grid = Grid(sys.argv[1])
[output], [payload] = grid.outputs(1), grid.payloads([json.loads(sys.argv[2])])
submitting(grid, lambda: grid.submit([TaskDefinition(payload, [output])]))
expect(grid.wait([output]), "completed")
data = grid.results.download_result_data(output, grid.session)
expect(sys.argv[3], data.decode() if len(data) < 1_000 else f"{len(data)} bytes")
