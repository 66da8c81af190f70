import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Argon2id } from "oslo/password";
import type { Mailer } from "relatch";
import { createApp } from "../../examples/express/app.ts";
import { openDatabase } from "../../examples/express/database.ts";
import { createInbox } from "../../examples/shared/inbox.ts";
import { sampleUsers } from "../../examples/shared/sample-users.ts";
import type { RunningApp, StartOptions } from "./http-contract.ts";

interface ExpressOptions extends StartOptions {
  /** Used instead of the development inbox. */
  mailer?: Mailer;
}

const jane = { name: "Jane", email: "jane@example.org", password: "seven-geese-over-ink" };

/** The Express example, and what its server was asked for. */
export interface RunningExpress extends RunningApp {
  requests: readonly { url: string; referer: string | undefined }[];
}

/** Starts the Express example at a free port of the loopback, over a database in memory. */
export async function startExpress({
  origin,
  mailer,
  ...options
}: ExpressOptions = {}): Promise<RunningExpress> {
  const [mike] = sampleUsers;
  // As little work as Argon2id can do: its cost is not what is tested.
  const hasher = new Argon2id({ memorySize: 64, iterations: 1 });
  const database = openDatabase(":memory:");
  await database.seed([mike, jane], hasher);
  const inbox = createInbox();

  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ownOrigin = `http://localhost:${port}`;
  const { app, passwordReset } = createApp({
    ...options,
    origin: origin ?? ownOrigin,
    database,
    hasher,
    mailer: mailer ?? inbox,
    inbox: mailer ? undefined : inbox,
    onError: (error) => {
      throw error;
    },
  });
  const requests: { url: string; referer: string | undefined }[] = [];
  server.on("request", ({ url = "", headers: { referer } }) => requests.push({ url, referer }));
  server.on("request", app);

  return {
    origin: origin ?? ownOrigin,
    port,
    accounts: [mike, jane],
    requests,
    async mails() {
      await passwordReset.drain();
      return inbox.list();
    },
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await passwordReset.drain();
      database.close();
    },
  };
}
