import {
  createPasswordReset,
  type Job,
  type PasswordReset,
  type PasswordResetOptions,
  type RelatchError,
  type ResetEvent,
  type ResetUser,
  type Site,
} from "relatch";
import { type MemoryMailer, type MemoryUsers, memoryPorts } from "relatch/memory";

export const MIKE: ResetUser = {
  id: "42",
  email: "mike@example.org",
  passwordHash: "old-hash-of-mike",
  name: "Mike",
};
export const GOOD_PASSWORD = "correct horse battery";
/** The keys of queued harnesses. A harness in the part of their worker must have them too. */
export const KEYS = [new Uint8Array(32).fill(7)];

/** Any features: a test that names tenants gives the option `tenants`. */
// biome-ignore lint/suspicious/noExplicitAny: the tests check the behavior, the tests of types check the types
type Any = any;

type OfSite = string | ((site: Site<Any>) => string);

/** The options of a harness: those of `createPasswordReset`, with or without tenants, and the accounts in memory. */
export interface HarnessOptions
  extends Partial<Omit<PasswordResetOptions<Any, Any, Any>, "appName" | "from" | "resetUrl">> {
  accounts?: ResetUser[];
  appName?: OfSite;
  from?: OfSite | undefined;
  resetUrl?: OfSite;
}

/** A password reset in memory with a clock that tests set. It records everything that happens. */
export interface Harness {
  passwordReset: PasswordReset<Any>;
  users: MemoryUsers;
  mailer: MemoryMailer;
  tokens: ReturnType<typeof memoryPorts>["tokens"];
  hasher: ReturnType<typeof memoryPorts>["hasher"];
  events: ResetEvent[];
  /** The errors that `onError` heard. */
  errors: RelatchError[];
  /** Returns the types of the events so far, with their reasons: `token_refused:expired`. */
  happened(): string[];
  revoked: string[];
  clock: { now: number };
  /** Requests a link for the address and returns the token from the email. */
  requestToken(email?: string, tenant?: string): Promise<string>;
}

export function harness(options: HarnessOptions = {}): Harness {
  const { accounts = [MIKE], ...overrides } = options;
  const ports = memoryPorts(accounts, { firstPasswords: !(overrides.tokens && "kind" in overrides.tokens) });
  const events: ResetEvent[] = [];
  const errors: RelatchError[] = [];
  const revoked: string[] = [];
  const clock = { now: Date.UTC(2026, 0, 1) };
  const passwordReset: PasswordReset<Any> = createPasswordReset({
    ...ports,
    appName: "Acme",
    resetUrl: "https://app.example.com/password_reset/:token",
    revokeSessions: async (userId) => revoked.push(userId),
    onEvent: (event: ResetEvent) => events.push(event),
    onError: (error: RelatchError) => errors.push(error),
    now: () => new Date(clock.now),
    ...overrides,
  });
  return {
    ...ports,
    passwordReset,
    events,
    errors,
    revoked,
    clock,
    happened: () => events.map((event) => ("reason" in event ? `${event.type}:${event.reason}` : event.type)),
    async requestToken(email = MIKE.email, tenant) {
      await passwordReset.requestReset({ email, ip: false, tenant: tenant as Any });
      await passwordReset.drain();
      const token = ports.mailer.lastToken(email);
      if (!token) throw new Error(`No link was sent to ${email}: ${JSON.stringify(events)}`);
      return token;
    },
  };
}

/** Creates a promise that tests settle, so that they can order events without waiting. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** A harness whose jobs stay in an array, as JSON, until the test delivers them. */
export function queuedHarness(options: HarnessOptions = {}) {
  const jobs: Job[] = [];
  const dispatcher = { dispatch: async (job: Job) => jobs.push(JSON.parse(JSON.stringify(job))) };
  const its = harness({ dispatcher, keys: KEYS, ...options });
  const requestJob = async (email = MIKE.email, tenant?: string): Promise<Job> => {
    await its.passwordReset.requestReset({ email, ip: false, tenant: tenant as Any });
    return jobs.at(-1)!;
  };
  return {
    ...its,
    jobs,
    /** Requests a link for the address and returns its job. */
    requestJob,
    async requestToken(email = MIKE.email, tenant?: string): Promise<string> {
      await its.passwordReset.deliver(await requestJob(email, tenant));
      return its.mailer.lastToken(email) ?? "";
    },
  };
}
