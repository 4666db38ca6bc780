import { msToTs, optionalTsToMs } from "@temporalio/common/lib/time.js";
import type { NativeConnection } from "@temporalio/worker";
import { partitionAttribute, statusAttribute } from "../workflows/contracts.ts";

/** Sessions that have ended stay visible for a month; a new namespace starts with a day. */
const RETENTION_MS = 30 * 24 * 3_600_000;
const KEYWORD = 2;
const ATTRIBUTES = [statusAttribute.name, partitionAttribute.name];

/**
 * Gives the namespace the retention and search attributes that session workflows need.
 *
 * Safe to repeat at each start, unlike the dev server's own flag, which does nothing on an
 * existing file. What an operator has seen to already needs no right to change it.
 */
export async function prepareNamespace(
  connection: NativeConnection,
  namespace: string,
): Promise<void> {
  await Promise.all([extend(connection, namespace), register(connection, namespace)]);
}

/** Never shortens what an operator has chosen. */
async function extend({ workflowService }: NativeConnection, namespace: string): Promise<void> {
  const { config } = await workflowService.describeNamespace({ namespace });
  const retentionMs = optionalTsToMs(config?.workflowExecutionRetentionTtl) ?? 0;
  if (retentionMs >= RETENTION_MS) return;
  const workflowExecutionRetentionTtl = msToTs(RETENTION_MS);
  await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
}

async function register({ operatorService }: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = ATTRIBUTES.filter((name) => customAttributes?.[name] === undefined);
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  await operatorService.addSearchAttributes({ namespace, searchAttributes });
}
