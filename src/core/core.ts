import { Recent } from "../lib/recent.ts";
import type { SecondFactorProof } from "../ports/contract.ts";
import type { CompleteResetResult } from "./api.ts";
import { JobStates } from "./job-states.ts";
import { type Config, readConfig } from "./options.ts";

/** Everything that the calls share: the options, and what this process remembers. */
export interface Core {
  readonly config: Config;
  readonly jobs: JobStates;
  /** The completions that are running in this process, by token. */
  readonly completions: Map<string, Completion>;
  /** How many completions were refused over their password or second factor, by the id of the link. */
  readonly refusals: Recent<number>;
  /** The jobs that are being delivered, so that none is delivered twice at the same time. */
  readonly underway: Map<string, Promise<void>>;
  /** The emails that are being sent, by their idempotency key. */
  readonly sending: Map<string, { jobId: string; work: Promise<void> }>;
  /** Units that are being given back after a request that failed, by the key of its address. */
  readonly owed: Map<string, Promise<unknown>>;
  /** The last of these attempts. */
  refunds: Promise<unknown>;
  /** When the first running call of `drain` started, by the monotonic clock. */
  drainingSince: number | undefined;
  /** How long the last requests took that sent an email, in milliseconds from the start of the attempt. The newest is last. */
  readonly deliveryTimes: number[];
}

/** One attempt to deliver a job. After its time is up the next one starts, and this one must do nothing any more. */
export interface Attempt {
  isOver: boolean;
  /** By the monotonic clock. */
  readonly startedAt: number;
  /** Whether the job never left this process. */
  readonly isOurs: boolean;
  /** The key that the job was signed with, if there are keys. */
  readonly key: Uint8Array | undefined;
  /** The account of the job, as soon as it is known. */
  userId?: string | undefined;
}

/** The result of a completion, whatever the features are. */
export type CompletionResult = CompleteResetResult<{ secondFactor: string }>;

export interface Completion {
  password: unknown;
  proof: SecondFactorProof | undefined;
  tenant: string | undefined;
  result: Promise<CompletionResult>;
}

/** For how many links the refused completions are counted. */
const MAX_REFUSALS = 10_000;

export const createCore = (options: unknown): Core => ({
  config: readConfig(options),
  jobs: new JobStates(),
  completions: new Map(),
  refusals: new Recent(MAX_REFUSALS),
  underway: new Map(),
  sending: new Map(),
  owed: new Map(),
  refunds: Promise.resolve(),
  drainingSince: undefined,
  deliveryTimes: [],
});
