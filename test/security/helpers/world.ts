import { createPasswordReset, type PasswordReset, type PasswordResetOptions, type ResetUser } from "relatch";
import { type MemoryHasher, type MemoryMailer, memoryPorts } from "relatch/memory";
import { MIKE } from "../../harness.ts";

/** What several processes of one application share. */
export interface World {
  ports: Pick<
    PasswordResetOptions,
    "users" | "tokens" | "mailer" | "hasher" | "revokeSessions" | "dispatcher"
  >;
  mailer: MemoryMailer;
  hasher: MemoryHasher;
  clock: { now: number };
  /** Jobs that were handed over to the queue of all processes. */
  jobs: unknown[];
  /** Whose sessions were ended. */
  revoked: string[];
  /** Another process. */
  open(changes?: Partial<PasswordResetOptions>): PasswordReset;
  /** Has a link mailed, and answers its token. */
  token(email?: string): Promise<string>;
}

/** A world in memory; its ports may be replaced. */
export function createWorld(
  changes: Partial<PasswordResetOptions> = {},
  accounts: ResetUser[] = [MIKE],
): World {
  const memory = memoryPorts(accounts);
  const jobs: unknown[] = [];
  const revoked: string[] = [];
  const clock = { now: Date.UTC(2026, 0, 1) };
  const ports = {
    ...memory,
    revokeSessions: async (userId: string) => revoked.push(userId),
    dispatcher: { dispatch: async (job: unknown) => jobs.push(job) },
    ...changes,
  };
  const open = (own: Partial<PasswordResetOptions> = {}) =>
    createPasswordReset({
      appName: "Acme",
      resetUrl: "https://app.example.com/password_reset/:token",
      limits: { client: false, address: false },
      now: () => new Date(clock.now),
      ...ports,
      ...own,
    });
  return {
    ...{ ports, clock, jobs, revoked, open },
    mailer: memory.mailer,
    hasher: memory.hasher,
    async token(email = MIKE.email) {
      const one = open();
      await one.requestReset({ email, ip: null });
      await one.deliver(jobs.pop());
      return memory.mailer.lastLink(email)?.split("/").at(-1) ?? "";
    },
  };
}

/** Who of them set the password: the passwords whose callers were told so. */
export async function winnersOf(attempts: readonly { password: string; by: PasswordReset; token: string }[]) {
  const results = await Promise.all(
    attempts.map(({ by, token, password }) => by.completeReset({ token, newPassword: password })),
  );
  return attempts.filter((_, index) => results[index]?.ok).map(({ password }) => password);
}

/** Passwords that nobody else sets. */
export const passwordsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `password ${index} of this race`);
