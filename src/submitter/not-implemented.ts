import { GridError } from "../domain/errors.ts";
import type { Definition, Service } from "../grpc/service.ts";

/** A service whose every method refuses and names itself; spread it and put real methods over it. */
export function notImplemented<D extends Definition>(definition: D): Service<D> {
  const methods = Object.entries(definition.methods).map(([key, { name }]) => [
    key,
    () => {
      throw new GridError("NOT_IMPLEMENTED", `${definition.name}/${name}`);
    },
  ]);
  // The methods are the definition's own, which is what makes it this service.
  return Object.fromEntries(methods) as Service<D>;
}
