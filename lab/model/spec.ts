import {
  copyOf,
  deleteTokens,
  endSessions,
  isBoundTo,
  isStored,
  mayHaveLink,
  type Presented,
  stateOf,
} from "./facts.ts";
import type {
  FollowUpJob,
  JobState,
  LinkJob,
  Model,
  ModelAccount,
  ModelProcess,
  ModelToken,
  Secret,
  Snapshot,
  Underway,
} from "./state.ts";
import {
  all,
  Failed,
  Fault,
  inBackground,
  isSilence,
  joined,
  known,
  type Operation,
  orThrow,
  outcomeOf,
  type Port,
  type Step,
  step,
} from "./steps.ts";

// The steps of each call, in the order of the guide.

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
// ── Asking for a link ─────────────────────────────────────────────────────────────────────────────────────

export function* requestReset(model: Model, email: string | undefined, tenant: string): Operation {
  if (email === undefined) return { ok: false, reason: "invalid_email" };
  const job: LinkJob = { type: "reset_requested", at: model.now, email, tenant };
  yield* orThrow("ERR_DISPATCHER", "dispatch", () => void model.queue.push(job));
  return { ok: true };
}

// ── Judging a link ────────────────────────────────────────────────────────────────────────────────────────

function* prove(model: Model, token: Presented, tenant: string): Generator<Step, Snapshot | undefined, unknown> {
  // Signed tokens carry their own proof: what is not genuine costs no look-up.
  if (token === "malformed" || (token === "unknown" && model.signed)) return undefined;
  if (!model.signed) {
    const isLive = yield* orThrow("ERR_TOKEN_STORE", "tokens.find", () => isStored(model, token));
    if (!isLive) return undefined;
  }
  const { bound, expiresAt } = token as ModelToken;
  if (model.now >= expiresAt) return undefined;
  const account = yield* orThrow("ERR_USER_STORE", "users.findById", () => copyOf(model.accounts.get(bound.id)));
  if (!account || !mayHaveLink(model, account)) return undefined;
  return account.tenant === tenant && isBoundTo(bound, account) ? account : undefined;
}

export function* verifyToken(model: Model, token: Presented, tenant: string): Operation {
  const account = yield* prove(model, token, tenant);
  return account
    ? {
        ok: true,
        userId: account.id,
        email: account.email,
        isInvitation: account.secret === null,
        expiresAt: new Date((token as ModelToken).expiresAt),
      }
    : REFUSED;
}

// ── Setting the password ──────────────────────────────────────────────────────────────────────────────────

/** One at a time for each token and process. The same call again, as by a double click, gets the same result. */
export function* completeReset(
  model: Model,
  process: ModelProcess,
  token: Presented,
  password: string,
  tenant: string,
): Operation {
  if (token === "malformed") return REFUSED;
  const input = JSON.stringify([password, tenant]);
  // Two signed links of one instant are the same text.
  const key = model.signed ? JSON.stringify(token) : token;
  const ahead = process.underway.get(key);
  if (ahead?.input === input) return yield* joined(ahead);
  return yield* known(process, key, input, complete(model, process, token, password, tenant, ahead));
}

function* complete(
  model: Model,
  process: ModelProcess,
  token: Presented,
  password: string,
  tenant: string,
  ahead: Underway | undefined,
): Operation {
  if (ahead) yield* outcomeOf(ahead);
  const account = yield* prove(model, token, tenant);
  if (!account) return REFUSED;
  if (password === "") return { ok: false, reason: "password_rejected" };

  model.secrets += 1;
  const next: Secret = { password, n: model.secrets };
  yield* orThrow("ERR_HASHER", "hasher", () => {});
  const job: FollowUpJob = {
    type: "follow_up",
    at: model.now,
    userId: account.id,
    email: account.email,
    previous: account.secret,
    next,
    isCommitted: false,
  };
  const settled: Underway = { input: "", outcome: undefined };
  process.jobs.set(job, { name: "pending", settled });
  const settle = (name: Exclude<JobState["name"], "pending">) => {
    process.jobs.set(job, { name });
    settled.outcome ??= { value: undefined };
  };
  try {
    yield* orThrow("ERR_DISPATCHER", "dispatch", () => void model.queue.push(job));
    const [isStillThere] = yield* all(
      lookAgain(model, token),
      orThrow("ERR_SESSIONS", "revoke", () => endSessions(model, account.id, next)),
    );
    if (!isStillThere) {
      settle("canceled");
      return REFUSED;
    }
    if (account.secret === null) {
      yield* orThrow("ERR_TOKEN_STORE", "tokens.deleteByUser", () => deleteTokens(model, account.id));
    }
  } catch (fault) {
    settle("canceled");
    throw fault;
  }

  try {
    if (!(yield* commit(model, account, next))) {
      settle("canceled");
      return REFUSED;
    }
  } catch (fault) {
    // A commit that never responds stays pending.
    if (!isSilence(fault)) yield* inBackground(settleLate(model, account.id, next, settle));
    throw fault;
  }
  yield* reportCommit(model, process, job, settle);
  const sessionsRevoked = yield* retried("revoke", () => endSessions(model, account.id, next));
  return { ok: true, userId: account.id, sessionsRevoked };
}

/** Whether the link was not revoked meanwhile. */
function* lookAgain(model: Model, token: Presented): Operation {
  return model.signed || (yield* orThrow("ERR_TOKEN_STORE", "tokens.find", () => isStored(model, token)));
}

/** A commit that failed may take effect all the same, so the row is looked at once more. */
function* settleLate(model: Model, id: string, next: Secret, settle: (name: "unclear") => void): Operation {
  try {
    const current = yield* step("users.findById", () => copyOf(model.accounts.get(id)));
    if (current?.secret === next) throw new Error("The model knows no commit that takes effect this late.");
  } catch (failed) {
    if (!(failed instanceof Failed)) throw failed;
  }
  settle("unclear");
  return undefined;
}

/** After a first password, which the account may lose again, and if it ran too early, the job is handed over once more. */
function* reportCommit(
  model: Model,
  process: ModelProcess,
  job: FollowUpJob,
  settle: (name: "committed" | "replaced") => void,
): Generator<Step, void, unknown> {
  if (job.previous !== null && stateOf(process, job).name !== "done") return settle("committed");
  const again: FollowUpJob = { ...job, at: model.now, isCommitted: true };
  try {
    yield* step("dispatch", () => void model.queue.push(again));
  } catch {
    return settle("committed");
  }
  settle("replaced");
}

/** The compare-and-set. A failed commit may have happened all the same. The row tells. */
function* commit(model: Model, { id, email, secret }: Snapshot, next: Secret): Generator<Step, boolean, unknown> {
  const replace = () => {
    const row = model.accounts.get(id);
    if (!row || row.email !== email || row.secret !== secret || !row.allowed) return false;
    row.secret = next;
    model.commits.push({ userId: id, secret: next, ended: false });
    return true;
  };
  let outcome: boolean | Fault;
  try {
    outcome = yield* orThrow("ERR_USER_STORE", "users.commit", replace);
  } catch (fault) {
    outcome = fault as Fault;
  }
  if (outcome === true) return true;
  try {
    const current = yield* step("users.findById", () => copyOf(model.accounts.get(id)));
    if (current?.secret === next) return true;
  } catch {}
  if (outcome instanceof Fault) throw outcome;
  return false;
}

/** After the commit: three attempts, unless one of them takes all the time. */
function* retried(port: Port, effect: () => unknown): Generator<Step, boolean, unknown> {
  for (let nth = 1; nth <= 3; nth++) {
    try {
      yield* step(port, effect);
      return true;
    } catch (failed) {
      if (isSilence(failed)) return false;
    }
  }
  return false;
}

export function* revokeTokens(model: Model, userId: string): Operation {
  if (model.signed) throw new Fault("ERR_TOKEN_STORE");
  yield* orThrow("ERR_TOKEN_STORE", "tokens.deleteByUser", () => deleteTokens(model, userId));
  return undefined;
}

// ── What the rest of the application does ─────────────────────────────────────────────────────────────────

/** Changes the account from outside, in one step. */
export function* change(model: Model, id: string, mutate: (account: ModelAccount) => void): Operation {
  return yield* step("application", () => {
    const account = model.accounts.get(id);
    if (account) mutate(account);
  });
}

export function* remove(model: Model, id: string): Operation {
  return yield* step("application", () => void model.accounts.delete(id));
}

/** A login: the password is looked at in one step, the session opened in another. */
export function* signIn(model: Model, id: string): Operation {
  const account = yield* step("application", () => copyOf(model.accounts.get(id)));
  const secret = account?.secret;
  if (!secret) return undefined;
  return yield* step("application", () => void model.sessions.push({ userId: id, secret }));
}
