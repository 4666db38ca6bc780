/** Its text says all: where in our code it happened helps nobody. */
export class ExplainedError extends Error {}
