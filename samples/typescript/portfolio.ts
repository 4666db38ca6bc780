// What client and worker say to each other: the payloads of the three kinds of tasks.
import { z } from "zod";
import { closedForm, createUniform, type EuropeanOption } from "./option.ts";

const Market = z.strictObject({
  spot: z.number().positive(),
  rate: z.number(),
  volatility: z.number().positive(),
});

/** Values a whole portfolio: one subtask per option, and one that adds them up. */
export const PortfolioJob = z.strictObject({
  kind: z.literal("portfolio"),
  pricings: z.int().min(1).max(50_000),
  paths: z.int().min(4),
  /** Fixes the options and every simulated path. */
  seed: z.int32(),
  market: Market,
});
export type PortfolioJob = z.infer<typeof PortfolioJob>;

/** Values `quantity` options of one sort. */
export const PriceJob = z.strictObject({
  kind: z.literal("price"),
  option: z.strictObject({
    type: z.enum(["call", "put"]),
    strike: z.number().positive(),
    maturity: z.number().positive(),
  }),
  quantity: z.number(),
  market: Market,
  paths: z.int().min(4),
  /** Of the portfolio, and the number of this pricing in it. */
  seed: z.tuple([z.int32(), z.int32()]),
});
export type PriceJob = z.infer<typeof PriceJob>;

/** Adds up the estimates that are its data dependencies. */
const AggregateJob = z.strictObject({ kind: z.literal("aggregate") });

export const Job = z.discriminatedUnion("kind", [PortfolioJob, PriceJob, AggregateJob]);
export type Job = z.infer<typeof Job>;

/** The data that a `price` task produces. */
export const PriceResult = z.strictObject({ value: z.number(), variance: z.number() });
export type PriceResult = z.infer<typeof PriceResult>;

/** The data that an `aggregate` task produces, and so in the end a `portfolio` task. */
export const PortfolioResult = z.strictObject({
  value: z.number(),
  standardError: z.number(),
  pricings: z.number(),
});
export type PortfolioResult = z.infer<typeof PortfolioResult>;

interface Position {
  readonly option: EuropeanOption;
  readonly quantity: number;
}

/** Some portfolio: calls and puts round the money, up to two years long. */
function positionsOf({ pricings, seed, market }: PortfolioJob): Position[] {
  const random = createUniform(seed, -1);
  return Array.from({ length: pricings }, () => ({
    option: {
      type: random() < 0.5 ? "call" : "put",
      strike: market.spot * (0.7 + 0.6 * random()),
      maturity: 0.1 + 1.9 * random(),
    },
    quantity: 1 + Math.floor(10 * random()),
  }));
}

export function toPriceJobs(job: PortfolioJob): PriceJob[] {
  const { market, paths, seed } = job;
  return positionsOf(job).map((position, index) => ({
    kind: "price",
    ...position,
    market,
    paths,
    seed: [seed, index],
  }));
}

/** What the portfolio is worth without any simulation. */
export function closedFormValue(job: PortfolioJob): number {
  return positionsOf(job).reduce(
    (sum, { option, quantity }) => sum + quantity * closedForm(option, job.market),
    0,
  );
}
