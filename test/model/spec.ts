import { copyOf, endSessions, isBoundTo, isStored, know, type Presented } from "./facts.ts";
import {
  type FollowUpJob,
  LIFETIME,
  type LinkJob,
  type Model,
  type ModelAccount,
  type ModelProcess,
  type ModelToken,
  type Secret,
  SKEW,
  type Snapshot,
  type Underway,
} from "./state.ts";
import {
  Fault,
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

// What the calls do, in the order in which the guide has their steps.

const REFUSED = { ok: false, reason: "invalid_or_expired_token" };
// ── Asking for a link ─────────────────────────────────────────────────────────────────────────────────────

export function* requestReset(
  model: Model,
  email: string | undefined,
  tenant: string | undefined,
): Operation {
  if (email === undefined) return { ok: false, reason: "invalid_email" };
  const job: LinkJob = { type: "reset_requested", at: model.now, email, tenant };
  yield* orThrow("ERR_DISPATCHER", "dispatch", () => void model.queue.push(job));
  return { ok: true };
}

// ── Judging a link ────────────────────────────────────────────────────────────────────────────────────────

function* prove(
  model: Model,
  token: Presented,
  tenant: string | undefined,
): Generator<Step, Snapshot | undefined, unknown> {
  // Signed tokens carry their own proof: what is not genuine costs no look-up.
  if (token === "malformed" || (token === "unknown" && model.signed)) return undefined;
  if (!model.signed) {
    const isLive = yield* orThrow("ERR_TOKEN_STORE", "tokens.find", () => isStored(model, token));
    if (!isLive) return undefined;
  }
  const { bound, expiresAt } = token as ModelToken;
  if (model.now >= expiresAt || expiresAt > model.now + LIFETIME + SKEW) return undefined;
  const account = yield* orThrow("ERR_USER_STORE", "users.findById", () =>
    copyOf(model.accounts.get(bound.id)),
  );
  return account?.allowed && account.tenant === tenant && isBoundTo(bound, account) ? account : undefined;
}

export function* verifyToken(model: Model, token: Presented, tenant: string | undefined): Operation {
  const account = yield* prove(model, token, tenant);
  return account
    ? { ok: true, userId: account.id, expiresAt: new Date((token as ModelToken).expiresAt) }
    : REFUSED;
}

// ── Setting the password ──────────────────────────────────────────────────────────────────────────────────

/** One at a time of a token and a process. The same once more, as by a double click, gets the same answer. */
export function* completeReset(
  model: Model,
  process: ModelProcess,
  token: Presented,
  password: string,
  tenant: string | undefined,
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
  tenant: string | undefined,
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
    type: "password_changed",
    at: model.now,
    userId: account.id,
    previous: account.secret,
    next,
  };
  yield* orThrow("ERR_DISPATCHER", "dispatch", () => void model.queue.push(job));
  try {
    yield* orThrow("ERR_SESSIONS", "revoke", () => endSessions(model, account.id, next));
  } catch (fault) {
    know(process, job, { progress: "called_off" });
    throw fault;
  }
  const isCommitted = yield* commit(model, account, next);
  know(process, job, { progress: isCommitted ? "committed" : "called_off" });
  if (!isCommitted) return REFUSED;

  const sessionsRevoked = yield* retried("revoke", () => endSessions(model, account.id, next));
  if (sessionsRevoked) know(process, job, { progress: "sessions_ended" });
  if (!model.signed) yield* retried("tokens.deleteByUser", () => model.live.delete(account.id));
  return { ok: true, userId: account.id, sessionsRevoked };
}

/** The compare-and-set. What failed may have happened all the same: the row knows. */
function* commit(
  model: Model,
  { id, email, secret }: Snapshot,
  next: Secret,
): Generator<Step, boolean, unknown> {
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

/** After the commit: three tries, unless one of them takes all the time. */
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
  yield* orThrow("ERR_TOKEN_STORE", "tokens.deleteByUser", () => model.live.delete(userId));
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
