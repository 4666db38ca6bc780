import { GridError } from "../domain/errors.ts";

interface Definition {
  readonly name: string;
  readonly methods: Readonly<Record<string, { readonly name: string }>>;
}

/** A service whose every method refuses and names itself; spread it and put real methods over it. */
export function notImplemented<Service>(definition: Definition): Service {
  const methods = Object.entries(definition.methods).map(([key, { name }]) => [
    key,
    () => {
      throw new GridError("NOT_IMPLEMENTED", `${definition.name}/${name}`);
    },
  ]);
  // The methods are the definition's own, which is what makes it this service.
  return Object.fromEntries(methods) as Service;
}
