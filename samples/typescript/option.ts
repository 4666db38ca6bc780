// A European option, priced twice: by its closed form and by simulation.

export interface Market {
  /** Price of the underlying share today. */
  readonly spot: number;
  /** Continuously compounded, per year; so is the volatility. */
  readonly rate: number;
  readonly volatility: number;
}

export interface EuropeanOption {
  readonly type: "call" | "put";
  readonly strike: number;
  /** In years. */
  readonly maturity: number;
}

/** The value according to Black and Scholes. */
export function closedForm({ type, strike, maturity }: EuropeanOption, market: Market): number {
  const { spot, rate, volatility } = market;
  const spread = volatility * Math.sqrt(maturity);
  const d1 = (Math.log(spot / strike) + (rate + volatility ** 2 / 2) * maturity) / spread;
  const d2 = d1 - spread;
  const discountedStrike = strike * Math.exp(-rate * maturity);
  return type === "call"
    ? spot * normalCdf(d1) - discountedStrike * normalCdf(d2)
    : discountedStrike * normalCdf(-d2) - spot * normalCdf(-d1);
}

/** Abramowitz & Stegun 26.2.17, wrong by 7.5e-8 at most. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const polynomial =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return x > 0 ? 1 - tail : tail;
}

export interface Estimate {
  readonly value: number;
  /** Of the estimate, not of one path: its square root is the standard error. */
  readonly variance: number;
}

/** A simulation that can be run in pieces, so that its caller may do other things in between. */
export interface Simulation {
  run(paths: number): void;
  estimate(): Estimate;
}

/**
 * Geometric Brownian motion up to maturity, in antithetic pairs: each random move is also taken
 * the other way, which cancels most of the noise.
 */
export function createSimulation(
  { type, strike, maturity }: EuropeanOption,
  { spot, rate, volatility }: Market,
  normal: () => number,
): Simulation {
  const drift = (rate - volatility ** 2 / 2) * maturity;
  const spread = volatility * Math.sqrt(maturity);
  const discount = Math.exp(-rate * maturity);
  const sign = type === "call" ? 1 : -1;
  const payoff = (move: number): number =>
    Math.max(0, sign * (spot * Math.exp(drift + spread * move) - strike));

  let pairs = 0;
  let sum = 0;
  let sumOfSquares = 0;
  return {
    run(paths) {
      const end = pairs + Math.ceil(paths / 2);
      for (; pairs < end; pairs++) {
        const move = normal();
        const value = (discount * (payoff(move) + payoff(-move))) / 2;
        sum += value;
        sumOfSquares += value * value;
      }
    },
    estimate() {
      const value = sum / pairs;
      const spreadOfPairs = Math.max(0, sumOfSquares / pairs - value * value);
      return { value, variance: spreadOfPairs / Math.max(1, pairs - 1) };
    },
  };
}

/** Uniform in [0, 1), by sfc32: the same seeds give the same numbers everywhere. */
export function createUniform(seed: number, stream: number): () => number {
  let a = seed | 0;
  let b = stream | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  // Neighbouring seeds give similar first numbers.
  for (let round = 0; round < 16; round++) next();
  return next;
}

/** Standard normal numbers from uniform ones, by Marsaglia's polar method. */
export function createNormal(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const s = x * x + y * y;
      if (s === 0 || s >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      spare = y * scale;
      return x * scale;
    }
  };
}
