// A gate before the public API: while it is shut (as at first), requests wait, and so do the jobs that made them.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Gate {
  /** For GMO_PUBLIC_URL. */
  readonly url: string;
  /** Requests that wait now. */
  readonly waiting: () => number;
  /** Lets everything through to the API at this address. */
  open(url: string): void;
  shut(): void;
  close(): Promise<void>;
}

export const startGate = async (): Promise<Gate> => {
  let behind: string | undefined;
  const held = new Set<() => void>();
  const server = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const reply = await fetch((behind ?? "").replace(/\/public$/, "") + (request.url ?? ""));
      response.writeHead(reply.status, { "content-type": "application/json" }).end(await reply.text());
    };
    const go = (): void => void pass().catch(() => response.destroy());
    if (behind !== undefined) return go();
    held.add(go);
    response.on("close", () => held.delete(go)); // it gave up waiting
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/public`,
    waiting: () => held.size,
    open: (url) => {
      behind = url;
      for (const go of held) go();
      held.clear();
    },
    shut: () => {
      behind = undefined;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
