const MASK = "***";

/** A value that only `reveal()` shows: logs, JSON, templates and `console` print `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  /** Node's inspection protocol, by its registered symbol: the domain imports nothing. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return MASK;
  }
}
