import { msToTs } from "@temporalio/common/lib/time.js";
import type { NativeConnection } from "@temporalio/worker";
import { partitionAttribute, statusAttribute } from "../workflows/contracts.ts";

/** Sessions that have ended stay visible for a month; a new namespace starts with a day. */
const RETENTION = "720 hours";
const KEYWORD = 2;

/**
 * Gives the namespace the retention and search attributes that session workflows need.
 *
 * Safe to repeat at each start, unlike the dev server's own flag, which does nothing on an
 * existing file.
 */
export async function prepareNamespace(
  connection: NativeConnection,
  namespace: string,
): Promise<void> {
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs(RETENTION) },
  });
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: { [statusAttribute.name]: KEYWORD, [partitionAttribute.name]: KEYWORD },
  });
}
