// One client of a vendor for all ports that it serves.

/** The clients that are open, by vendor and place; they go together, after what uses them. */
export interface Clients extends AsyncDisposable {
  /** The client of this name, opened by whoever asks first. */
  share<Client extends AsyncDisposable>(
    name: string,
    open: () => Client | Promise<Client>,
  ): Promise<Client>;
}

export function createClients(): Clients {
  const opened = new Map<string, Promise<AsyncDisposable>>();
  return {
    share<Client extends AsyncDisposable>(name: string, open: () => Client | Promise<Client>) {
      const client = (opened.get(name) as Promise<Client> | undefined) ?? Promise.try(open);
      opened.set(name, client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      const settled = await Promise.allSettled(opened.values());
      opened.clear();
      await using stack = new AsyncDisposableStack();
      for (const one of settled) if (one.status === "fulfilled") stack.use(one.value);
    },
  };
}

/** Opens a port with clients that others share, or with its own, which go when it is disposed. */
export async function withClients<Port extends AsyncDisposable>(
  clients: Clients | undefined,
  open: (clients: Clients) => Promise<Port>,
): Promise<Port> {
  if (clients) return open(clients);
  await using stack = new AsyncDisposableStack();
  const port = stack.use(await open(stack.use(createClients())));
  const all = stack.move();
  return { ...port, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
