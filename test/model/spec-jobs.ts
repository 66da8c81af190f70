import { canonical, copyOf, endSessions, isBoundTo, isStored, know } from "./facts.ts";
import {
  type FollowUpJob,
  LIFETIME,
  type LinkJob,
  type Model,
  type ModelJob,
  type ModelProcess,
  type ModelToken,
  PATIENCE,
  SKEW,
  type Snapshot,
} from "./state.ts";
import {
  Fault,
  isSilence,
  joined,
  known,
  type Operation,
  orThrow,
  type Step,
  step,
  timePasses,
} from "./steps.ts";

// What a worker does with a job.

export function* deliver(model: Model, process: ModelProcess, job: ModelJob): Operation {
  const age = model.now - job.at;
  if (age < -SKEW || (job.type === "reset_requested" && age > LIFETIME)) return undefined;
  const ahead = process.underway.get(job);
  if (ahead) return yield* joined(ahead);
  const work = job.type === "reset_requested" ? sendLink(model, process, job) : followUp(model, process, job);
  return yield* known(process, job, "", work);
}

function* sendLink(model: Model, process: ModelProcess, job: LinkJob): Generator<Step, void, unknown> {
  const known = process.jobs.get(job);
  if (known?.mailed) return;
  const account = yield* orThrow("ERR_USER_STORE", "users.findByEmail", () =>
    copyOf(
      [...model.accounts.values()].find(
        ({ email, tenant }) => canonical(email) === job.email && tenant === job.tenant,
      ),
    ),
  );
  if (!account?.allowed) return;

  const token = (yield* sayAgain(model, known?.doubt, account)) ?? {
    bound: account,
    expiresAt: model.now + LIFETIME,
  };
  if (token !== known?.doubt && !model.signed) {
    yield* orThrow("ERR_TOKEN_STORE", "tokens.save", () => model.live.set(account.id, token));
  }
  const mail = () => {
    model.mails.push({ kind: "reset_link", to: account.email });
    model.links.push(token);
  };
  yield* send(process, job, mail, token);
}

/** A token that may have been mailed already, while it is as good as new. */
function* sayAgain(
  model: Model,
  token: ModelToken | undefined,
  account: Snapshot,
): Generator<Step, ModelToken | undefined, unknown> {
  if (!token) return undefined;
  const isLive =
    model.signed || (yield* orThrow("ERR_TOKEN_STORE", "tokens.find", () => isStored(model, token)));
  const isFresh = token.expiresAt - model.now > 0.9 * LIFETIME;
  return isLive && isFresh && isBoundTo(token.bound, account) ? token : undefined;
}

function* followUp(model: Model, process: ModelProcess, job: FollowUpJob): Generator<Step, void, unknown> {
  const account = yield* orThrow("ERR_USER_STORE", "users.findById", () =>
    copyOf(model.accounts.get(job.userId)),
  );
  const { progress, mailed } = process.jobs.get(job) ?? {};
  if (!account || progress === "called_off") return;
  if (progress === undefined && account.secret !== job.next) {
    if (account.secret === job.previous && model.now < job.at + PATIENCE) throw new Fault("ERR_DISPATCHER");
    return;
  }

  let fault: unknown;
  if (progress !== "sessions_ended") {
    try {
      yield* orThrow("ERR_SESSIONS", "revoke", () => endSessions(model, job.userId, job.next));
      know(process, job, { progress: "sessions_ended" });
    } catch (error) {
      fault = error;
    }
  }
  // The notice goes out also when the sessions could not be ended.
  if (!mailed && canonical(account.email) !== undefined) {
    const mail = () => void model.mails.push({ kind: "password_changed", to: account.email });
    try {
      yield* send(process, job, mail, undefined);
    } catch (error) {
      fault ??= error;
    }
  }
  if (isSilence(fault)) yield* timePasses();
  if (fault) throw fault;
}

function* send(
  process: ModelProcess,
  job: ModelJob,
  effect: () => void,
  token: ModelToken | undefined,
): Generator<Step, void, unknown> {
  know(process, job, { doubt: token });
  try {
    yield* step("mailer", effect);
  } catch (failed) {
    throw new Fault(isSilence(failed) ? "ERR_DISPATCHER" : "ERR_MAILER", failed);
  }
  know(process, job, { mailed: true });
}
