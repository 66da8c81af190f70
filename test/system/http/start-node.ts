import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import Database from "libsql";
import { Argon2id } from "oslo/password";
import type { Mailer, PasswordReset } from "relatch";
import type { AppOptions } from "../../../examples/express/app.ts";
import { fileDatabase } from "../../../examples/shared/database.ts";
import { createInbox } from "../../../examples/shared/inbox.ts";
import { sampleUsers } from "../../../examples/shared/sample-users.ts";
import { KEYS } from "../../helpers/harness.ts";
import type { Account, RunningApp, StartOptions } from "./http-contract.ts";

export interface NodeOptions extends StartOptions {
  /** Used instead of the development inbox. */
  mailer?: Mailer;
  from?: string;
  hasher?: Argon2id;
  onEvent?: AppOptions["onEvent"];
  /** These too have an account. */
  people?: readonly Account[];
}

/** An example application on Node, and what its server was asked for. */
export interface RunningOnNode extends RunningApp {
  requests: readonly { url: string; referer: string | undefined }[];
}

export type StartOnNode = (options?: NodeOptions) => Promise<RunningOnNode>;

const jane = { name: "Jane", email: "jane@example.org", password: "seven-geese-over-ink" };

/** Starts an example at a free port of the loopback, over a database in memory. */
export async function startOnNode(
  {
    origin,
    mailer,
    // As little work as Argon2id can do: its cost is not what is tested.
    hasher = new Argon2id({ memorySize: 64, iterations: 1 }),
    people = [],
    onEvent,
    codes,
    ...options
  }: NodeOptions,
  create: (options: AppOptions) => { listener: RequestListener; passwordReset: PasswordReset },
): Promise<RunningOnNode> {
  const [mike] = sampleUsers;
  const database = fileDatabase(new Database(":memory:"));
  await database.seed([mike, jane, ...people.map((person) => ({ ...person, name: "" }))], hasher);
  const inbox = createInbox();

  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ownOrigin = `http://localhost:${port}`;
  const { listener, passwordReset } = create({
    ...options,
    codeKeys: codes ? KEYS : undefined,
    origin: origin ?? ownOrigin,
    database,
    hasher,
    mailer: mailer ?? inbox,
    inbox: mailer ? undefined : inbox,
    onEvent: (event) => {
      inbox.observe(event);
      return onEvent?.(event);
    },
    onError: (error) => {
      throw error;
    },
  });
  const requests: { url: string; referer: string | undefined }[] = [];
  server.on("request", ({ url = "", headers: { referer } }) => requests.push({ url, referer }));
  server.on("request", listener);

  return {
    origin: origin ?? ownOrigin,
    port,
    accounts: [mike, jane],
    requests,
    async mails() {
      await passwordReset.drain();
      return inbox.list().emails;
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
