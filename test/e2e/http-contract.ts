import { accountsContract } from "./contract/accounts.ts";
import { doorContract } from "./contract/door.ts";
import { flowContract } from "./contract/flow.ts";
import { formContract } from "./contract/form.ts";
import { launcher } from "./contract/helpers.ts";
import { linkContract } from "./contract/link.ts";
import { requestContract } from "./contract/request.ts";

/** An application under test, on a port of its own. */
export interface RunningApp {
  /** What its links start with. */
  origin: string;
  port: number;
  accounts: readonly [Account, Account];
  /** Waits until every promised mail is delivered, and answers all so far, the newest first. */
  mails(): Promise<readonly Mail[]>;
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

export type StartApp = (options?: StartOptions) => Promise<RunningApp>;

/** What the reset pages promise over HTTP, whichever framework serves them. */
export function httpContract(name: string, start: StartApp): void {
  const launch = launcher(start);
  flowContract(name, launch);
  linkContract(name, launch);
  formContract(name, launch);
  requestContract(name, launch);
  doorContract(name, launch);
  accountsContract(name, launch);
}
