// What a session cost Temporal: events of its workflow's history, over all its runs.
import { Client, Connection } from "@temporalio/client";

export async function historyEvents(address: string, sessionId: string): Promise<number> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const workflowId = `session-${sessionId}`;
    let events = 0;
    for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      const handle = client.workflow.getHandle(workflowId, run.runId);
      events += (await handle.fetchHistory()).events?.length ?? 0;
    }
    return events;
  } finally {
    await connection.close();
  }
}
