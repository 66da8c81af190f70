import {
  createPasswordReset,
  type PasswordReset,
  type PasswordResetOptions,
  type ResetEvent,
  type ResetUser,
} from "relatch";
import { type MemoryMailer, type MemoryUsers, memoryPorts } from "relatch/memory";

export const MIKE: ResetUser = {
  id: "42",
  email: "mike@example.org",
  passwordHash: "old-hash-of-mike",
  name: "Mike",
};
export const GOOD_PASSWORD = "correct horse battery";

/** A password reset over memory with a clock to turn, and everything it did written down. */
export interface Harness {
  passwordReset: PasswordReset;
  users: MemoryUsers;
  mailer: MemoryMailer;
  tokens: ReturnType<typeof memoryPorts>["tokens"];
  hasher: ReturnType<typeof memoryPorts>["hasher"];
  events: ResetEvent[];
  /** Types of the events so far, with their reasons: `token_refused:expired`. */
  happened(): string[];
  revoked: string[];
  clock: { now: number };
  /** Requests a link for the address and takes the token from the mail. */
  requestToken(email?: string, tenant?: string): Promise<string>;
}

export function harness(options: Partial<PasswordResetOptions> & { accounts?: ResetUser[] } = {}): Harness {
  const { accounts = [MIKE], ...overrides } = options;
  const ports = memoryPorts(accounts);
  const events: ResetEvent[] = [];
  const revoked: string[] = [];
  const clock = { now: Date.UTC(2026, 0, 1) };
  const passwordReset = createPasswordReset({
    ...ports,
    appName: "Acme",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: async (userId) => revoked.push(userId),
    onEvent: (event) => events.push(event),
    now: () => new Date(clock.now),
    ...overrides,
  });
  return {
    ...ports,
    passwordReset,
    events,
    revoked,
    clock,
    happened: () => events.map((event) => ("reason" in event ? `${event.type}:${event.reason}` : event.type)),
    async requestToken(email = MIKE.email, tenant) {
      await passwordReset.requestReset({ email, ip: null, tenant });
      await passwordReset.drain();
      const link = ports.mailer.lastLink(email);
      if (!link) throw new Error(`no link was mailed to ${email}: ${JSON.stringify(events)}`);
      return link.slice(link.lastIndexOf("/") + 1);
    },
  };
}

/** A promise to be settled by hand, for putting things in order without waiting. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
