import { createPasswordReset, type PasswordReset, type PasswordResetOptions, type TokenStore } from "relatch";
import { type MemoryMailer, memoryPorts } from "relatch/memory";
import { expect } from "vitest";
import { KEYS, MIKE } from "../../helpers/harness.ts";

// Several processes of one application, and every order in which their steps can follow each other. A process is an
// instance that shares nothing with the others but their stores.

type Ports = Pick<PasswordResetOptions, "users" | "hasher" | "revokeSessions" | "dispatcher"> & {
  tokens: TokenStore;
};

export interface World {
  ports: Ports;
  mailer: MemoryMailer;
  clock: { now: number };
  /** The jobs in the queue of all processes. */
  jobs: unknown[];
  /** The users whose sessions were ended. */
  revoked: string[];
  /** Starts another process. */
  open(changes?: Partial<PasswordResetOptions>): PasswordReset;
  /** Has a link emailed, and returns its token. */
  token(email?: string): Promise<string>;
  currentHash(): Promise<string>;
  /** Expects that exactly one of these callers wins, and that the winner's password is the one that is set. */
  expectOneWinner(attempts: readonly Attempt[]): Promise<void>;
}

export interface Attempt {
  password: string;
  by: PasswordReset;
  token: string;
}

/** Creates a world in memory, whose ports may be replaced. */
export function createWorld(changes: Partial<PasswordResetOptions> = {}): World {
  const { mailer, ...memory } = memoryPorts([MIKE]);
  const jobs: unknown[] = [];
  const revoked: string[] = [];
  const clock = { now: Date.UTC(2026, 0, 1) };
  const ports = {
    ...memory,
    revokeSessions: async (userId: string) => revoked.push(userId),
    dispatcher: { dispatch: async (job: unknown) => jobs.push(job) },
    ...changes,
  } as Ports;
  const open = (own: Partial<PasswordResetOptions> = {}) =>
    createPasswordReset({
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      limits: { client: false, address: false },
      now: () => new Date(clock.now),
      // Otherwise each of thousands of processes prints its failures.
      ...{ onEvent: () => {}, onError: () => {} },
      ...{ keys: KEYS, mailer },
      ...ports,
      ...own,
    });
  const currentHash = async () => (await ports.users.findByEmail(MIKE.email, undefined))?.passwordHash ?? "";
  return {
    ...{ ports, mailer, clock, jobs, revoked, open, currentHash },
    async token(email = MIKE.email) {
      const one = open();
      await one.requestReset({ email, ip: null });
      await one.deliver(jobs.pop());
      return mailer.lastLink(email)?.split("/").at(-1) ?? "";
    },
    async expectOneWinner(attempts) {
      const results = await Promise.all(
        attempts.map(({ by, token, password }) => by.completeReset({ token, newPassword: password })),
      );
      const winners = attempts.filter((_, index) => results[index]?.ok);
      expect(winners).toHaveLength(1);
      expect(await memory.hasher.verify(await currentHash(), winners[0]?.password ?? "")).toBe(true);
    },
  };
}

/** Returns passwords that nobody else sets. */
export const passwordsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `password ${index} of this race`);

/** Waits for its turn, then does its work. */
export type Step = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Runs the same callers in every order in which their steps can follow each other. One step runs at a time, and each
 * caller waits before each of its steps. Returns how many orders there are.
 */
export async function everyOrder(run: (step: Step) => Promise<void>): Promise<number> {
  let path: number[] = [];
  for (let count = 1; ; count++) {
    const choices = await oneOrder(run, path);
    const last = choices.findLastIndex(({ taken, among }) => taken + 1 < among);
    if (last < 0) return count;
    path = [...choices.slice(0, last).map(({ taken }) => taken), choices[last]!.taken + 1];
  }
}

/** Takes the turns of the path, and after its end always the first. Returns the choices there were. */
async function oneOrder(run: (step: Step) => Promise<void>, path: readonly number[]) {
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const waiting: (() => void)[] = [];
  const choices: { taken: number; among: number }[] = [];
  let isOver = false;
  const running = run(async (work) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return work();
  }).finally(() => {
    isOver = true;
  });
  running.catch(() => {});
  for (await settle(); !isOver; await settle()) {
    // A job that sends nothing takes as long as the last email took.
    for (let nth = 0; waiting.length === 0 && !isOver; nth++) {
      if (nth > 1000) throw new Error("Nobody waits, and it is not over.");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (isOver) break;
    const taken = path[choices.length] ?? 0;
    choices.push({ taken, among: waiting.length });
    waiting.splice(taken, 1)[0]?.();
  }
  await running;
  return choices;
}
