import { Recent } from "../lib/recent.ts";
import { within } from "../lib/time.ts";
import type { DropReason, Job } from "../ports/contract.ts";
import type { Undelivered } from "./api.ts";

/** How many jobs and emails this process remembers. */
const CAPACITY = 10_000;
/** How many undelivered jobs are kept for the next drain. */
const MAX_UNDELIVERED = 1000;

/** Facts that this process knows about a job. */
export type JobState =
  /** Nothing is known: another process created it, or it is forgotten. */
  | { name: "unknown" }
  /** The completion behind this follow-up job is running in this process. */
  | { name: "pending"; settled: Promise<unknown> }
  /** The commit behind this follow-up job failed, but may still take effect: the account tells. */
  | { name: "unclear" }
  /** The commit behind this follow-up job did not happen. */
  | { name: "canceled" }
  | { name: "committed" }
  /** Another job was handed over in its place. */
  | { name: "replaced" }
  /** Nothing is left to do. */
  | { name: "done" };

/** Remembers what this process knows about jobs, so that it does not have to look it up, or do it twice. */
export class JobStates {
  readonly #states = new Recent<JobState>(CAPACITY);
  readonly #sent = new Recent<true>(CAPACITY);
  #undelivered: Undelivered[] = [];

  /** Jobs are told apart by type and id, so that a foreign job cannot suppress one of another type. */
  get(job: Job): JobState {
    return this.#states.get(`${job.type}:${job.id}`) ?? { name: "unknown" };
  }

  set(job: Job, state: JobState): void {
    this.#states.set(`${job.type}:${job.id}`, state);
  }

  /** Marks a follow-up job as pending. Returns the function that ends this state. */
  setPending(job: Job): (state: JobState) => void {
    let settle = () => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    this.set(job, { name: "pending", settled });
    return (state) => {
      this.set(job, state);
      settle();
    };
  }

  /** Returns the state of a job as soon as it is no longer pending, or after this many milliseconds. */
  async getSettled(job: Job, milliseconds: number): Promise<JobState> {
    const state = this.get(job);
    if (state.name !== "pending") return state;
    await within(milliseconds, state.settled, () => new Error("still pending")).catch(() => {});
    return this.get(job);
  }

  /** Reports whether this process has sent an email, or has been refused for good. */
  hasSent(idempotencyKey: string): boolean {
    return this.#sent.get(idempotencyKey) === true;
  }

  setSent(idempotencyKey: string): void {
    this.#sent.set(idempotencyKey, true);
  }

  addUndelivered({ id: jobId, type, tenant, correlationId }: Job, reason: DropReason | "refused"): void {
    this.#undelivered.push({ jobId, type, reason, tenant, correlationId });
    if (this.#undelivered.length > MAX_UNDELIVERED) this.#undelivered.shift();
  }

  /** Returns the undelivered jobs since the last call. */
  takeUndelivered(): Undelivered[] {
    const jobs = this.#undelivered;
    this.#undelivered = [];
    return jobs;
  }
}
