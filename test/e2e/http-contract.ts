import type { Client } from "./client.ts";
import { accountsContract } from "./contract/accounts.ts";
import { doorContract } from "./contract/door.ts";
import { flowContract } from "./contract/flow.ts";
import { formContract } from "./contract/form.ts";
import { launcher } from "./contract/helpers.ts";
import { jsonContract } from "./contract/json.ts";
import { jsonBodyContract } from "./contract/json-body.ts";
import { jsonDoorContract } from "./contract/json-door.ts";
import { linkContract } from "./contract/link.ts";
import { rawContract } from "./contract/raw.ts";
import { requestContract } from "./contract/request.ts";

/** An application under test. */
export interface RunningApp {
  /** What its links start with. */
  origin: string;
  /** Where it listens, on the loopback. */
  port: number;
  accounts: readonly [Account, Account];
  /** A browser that was never there. Default: one that asks at `port`. */
  client?(): Client;
  /**
   * Waits until every promised mail is delivered, and answers all so far, the newest first. One that cannot know
   * when that is waits until `until` holds; without it, for as long as mails may take.
   */
  mails(until?: (mails: readonly Mail[]) => boolean): Promise<readonly Mail[]>;
  /** Suspends the account, where the application under test can be made to do so. */
  suspend?(account: Account): Promise<void>;
  close(): Promise<void>;
}

export type Account = { email: string; password: string };

export interface Mail {
  kind: string;
  to: string;
  subject: string;
  text: string;
  html?: string | undefined;
}

export interface StartOptions {
  /** Default: the address it listens at. */
  origin?: string;
  revealUnknown?: boolean;
  limits?: { client?: { max: number; windowSeconds: number } };
}

export interface StartApp {
  (options?: StartOptions): Promise<RunningApp>;
  /** It runs already, and is as it is: what needs options of its own is skipped. */
  remote?: boolean;
}

/** What the reset pages, and the same as JSON, promise over HTTP, whichever framework serves them. */
export function httpContract(name: string, start: StartApp): void {
  const launch = launcher(start);
  flowContract(name, launch);
  linkContract(name, launch);
  formContract(name, launch);
  requestContract(name, launch);
  doorContract(name, launch);
  accountsContract(name, launch);
  jsonContract(name, launch);
  jsonBodyContract(name, launch);
  jsonDoorContract(name, launch);
  rawContract(name, launch);
}
