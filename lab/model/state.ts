// The state of the reference model. Written from the guide and the contracts of the ports, not from the code:
// a link is bound to the account as it was, the commit is a compare-and-set, and everything else follows.

export const MINUTE = 60_000;
export const LIFETIME = 60 * MINUTE;
/** How far another clock may be ahead. */
export const SKEW = 5 * MINUTE;
/** How long a follow-up waits for its commit. */
export const PATIENCE = 15 * MINUTE;
/** How old a follow-up may be. */
export const MAX_AGE = 24 * 60 * MINUTE;

/** One setting of a password; `n` is unique. A rehash is another one with the same password. */
export interface Secret {
  readonly password: string;
  readonly n: number;
}

export interface ModelAccount {
  readonly id: string;
  email: string;
  tenant: string;
  secret: Secret | null;
  allowed: boolean;
}

/** The state of the account that a link is bound to. */
export type Snapshot = Readonly<ModelAccount>;

export interface ModelToken {
  readonly bound: Snapshot;
  readonly expiresAt: number;
}

export interface LinkJob {
  readonly type: "reset_requested";
  readonly at: number;
  readonly email: string;
  readonly tenant: string;
}

export interface FollowUpJob {
  readonly type: "follow_up";
  readonly at: number;
  readonly userId: string;
  /** The address that the link was bound to. */
  readonly email: string;
  readonly previous: Secret | null;
  readonly next: Secret;
  /** Handed over after the commit. */
  readonly isCommitted: boolean;
}

export type ModelJob = LinkJob | FollowUpJob;

/** The memory of one process about a job. */
export type JobState =
  | { name: "unknown" | "unclear" | "canceled" | "committed" | "replaced" | "done" }
  | { name: "pending"; settled: Underway };

/** Something under way, of which others in the same process want to know the outcome. */
export interface Underway {
  readonly input: string;
  outcome: { value: unknown } | { code: string } | undefined;
}

/** One process: what is in it is gone when it dies. */
export interface ModelProcess {
  readonly jobs: Map<ModelJob, JobState>;
  /** The emails that were sent, and those that are being sent, by their idempotency key. */
  readonly sent: Set<string>;
  readonly sending: Map<string, { job: ModelJob; work: Underway }>;
  /** Deliveries by their job, completions by their token. */
  readonly underway: Map<unknown, Underway>;
}

export interface ModelMail {
  readonly kind: "reset_link" | "password_changed";
  readonly to: string;
}

/** A commit, and whether the sessions were ended after it. */
export interface ModelCommit {
  readonly userId: string;
  readonly secret: Secret;
  ended: boolean;
}

export interface Model {
  readonly signed: boolean;
  now: number;
  readonly accounts: Map<string, ModelAccount>;
  /** Stored tokens. They add up. */
  readonly live: Set<ModelToken>;
  /** The tokens of the links that were sent, in the order of the emails. */
  readonly links: ModelToken[];
  readonly mails: ModelMail[];
  readonly queue: ModelJob[];
  readonly sessions: { userId: string; secret: Secret | null }[];
  readonly commits: ModelCommit[];
  readonly processes: ModelProcess[];
  secrets: number;
  /** How many passwords have been thought up. */
  passwords: number;
}

export const newProcess = (): ModelProcess => ({
  jobs: new Map(),
  sent: new Set(),
  sending: new Map(),
  underway: new Map(),
});

export function newModel(signed: boolean, accounts: readonly Omit<ModelAccount, "secret">[]): Model {
  return {
    signed,
    now: Date.UTC(2026, 0, 1),
    accounts: new Map(
      accounts.map((account, n) => [
        account.id,
        { ...account, secret: account.id === "none" ? null : { password: `first ${account.id}`, n: -n } },
      ]),
    ),
    live: new Set(),
    links: [],
    mails: [],
    queue: [],
    sessions: [],
    commits: [],
    processes: [newProcess(), newProcess()],
    secrets: 0,
    passwords: 0,
  };
}

/** The visible state, which must be the same for the model and for the real thing. */
export interface Visible {
  accounts: [id: string, email: string, tenant: string, password: string | null, allowed: boolean][];
  sessions: [userId: string, password: string | null][];
  mails: [kind: string, to: string][];
  queue: string[];
  commits: [userId: string, password: string, ended: boolean][];
}

export const visible = (model: Model): Visible => ({
  accounts: [...model.accounts.values()].map(({ id, email, tenant, secret, allowed }) => [
    id,
    email,
    tenant,
    secret?.password ?? null,
    allowed,
  ]),
  sessions: model.sessions.map(({ userId, secret }) => [userId, secret?.password ?? null]),
  mails: model.mails.map(({ kind, to }) => [kind, to]),
  queue: model.queue.map(({ type }) => type),
  commits: model.commits.map(({ userId, secret, ended }) => [userId, secret.password, ended]),
});
