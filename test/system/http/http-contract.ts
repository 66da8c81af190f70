import type { RateRule, SecondFactor } from "relatch";
import type { Client } from "./client.ts";
import { codesContract, secondFactorContract } from "./contract/codes.ts";
import { doorContract } from "./contract/door.ts";
import { launcher } from "./contract/helpers.ts";
import { jsonBodyContract, jsonContract, jsonDoorContract } from "./contract/json-api.ts";
import { flowContract, formContract, linkContract, requestContract } from "./contract/pages.ts";
import { rawContract } from "./contract/raw.ts";

/** An application under test. */
export interface RunningApp {
  /** The beginning of its links. */
  origin: string;
  /** The port on the loopback interface. */
  port: number;
  accounts: readonly [Account, Account];
  /** Creates a browser without cookies. Default: one that sends to `port`. */
  client?(): Client;
  /**
   * Waits until every expected email is delivered and returns all so far, the newest first. A remote application waits
   * until `until` holds, or as long as an email may take.
   */
  mails(until?: (mails: readonly Mail[]) => boolean): Promise<readonly Mail[]>;
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
  /** Default: the address at which it listens. */
  origin?: string;
  revealUnknown?: boolean;
  limits?: { client?: RateRule };
  /** The pages ask for a code. */
  codes?: boolean;
  secondFactor?: SecondFactor<string>;
}

export interface StartApp {
  (options?: StartOptions): Promise<RunningApp>;
  /** It runs already, so tests that need other options are skipped. */
  remote?: boolean;
}

/** Tests the promises of the reset pages and of the JSON API, for any framework: over HTTP, or in this process. */
export function httpContract(name: string, start: StartApp, { isInProcess = false } = {}): void {
  const launch = launcher(start);
  if (!isInProcess) rawContract(name, launch);
  for (const contract of [
    ...[flowContract, requestContract, linkContract, formContract, doorContract],
    ...[jsonContract, jsonBodyContract, jsonDoorContract, codesContract, secondFactorContract],
  ]) {
    contract(name, launch);
  }
}
