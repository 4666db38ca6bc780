// R and F, what figures are read against: measured in the same run.
import { log } from "../support/measure.ts";
import type { Scope } from "../support/scope.ts";
import { digits } from "../support/statistics.ts";
import { bareRate } from "./bare-rate.ts";
import { protocolFloor } from "./protocol-floor.ts";

/** Calls or tasks a second, a value a round. */
export interface Yardsticks {
  readonly R: readonly number[];
  readonly F: readonly number[];
}

export async function measureYardsticks(
  { scope, rounds }: { scope: Scope; rounds: number },
  agents: number,
): Promise<Yardsticks> {
  const repeat = async (name: string, run: () => Promise<number>) => {
    const values: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      const value = await run();
      values.push(value);
      log(`${name} ${round}/${rounds}: ${digits(value)} /s`);
    }
    return values;
  };
  return {
    R: await repeat("R", () => bareRate(scope, 2_000)),
    F: await repeat("F", () => protocolFloor(scope, agents, 3_000)),
  };
}

export const explainYardsticks = (agents: number): string =>
  `R: unary gRPC calls a second between two Node processes, 64 in flight. F: tasks a second when ${agents} stand-in agents without storage drive the same ${agents} workers through \`Worker/Process\` and \`Agent/NotifyResultData\` over the same kind of sockets, with files in the same kind of folder (in memory, where the machine has room).`;
