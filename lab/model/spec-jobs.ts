import { canonical, copyOf, endSessions, mayHaveLink, stateOf } from "./facts.ts";
import {
  type FollowUpJob,
  LIFETIME,
  type LinkJob,
  MAX_AGE,
  type Model,
  type ModelJob,
  type ModelProcess,
  type ModelToken,
  PATIENCE,
  type Secret,
  SKEW,
  type Underway,
} from "./state.ts";
import {
  endsWithin,
  Failed,
  Fault,
  isSilence,
  joined,
  known,
  type Operation,
  orThrow,
  settled,
  step,
} from "./steps.ts";

// The steps of a worker that delivers a job.

/** How long a delivery may take, and how long it waits for a completion of the same process. */
const DELIVERY_SECONDS = 30;
const SETTLE_SECONDS = 10;

export function* deliver(model: Model, process: ModelProcess, job: ModelJob): Operation {
  const age = model.now - job.at;
  if (age < -SKEW || age > (job.type === "reset_requested" ? LIFETIME : MAX_AGE)) return undefined;
  if (stateOf(process, job).name === "done") return undefined;
  const ahead = process.underway.get(job);
  if (ahead) return yield* joined(ahead);
  const work = job.type === "reset_requested" ? sendLink(model, process, job) : followUp(model, process, job);
  return yield* known(process, job, "", work);
}

function* sendLink(model: Model, process: ModelProcess, job: LinkJob): Operation {
  const account = yield* orThrow("ERR_USER_STORE", "users.findByEmail", () =>
    copyOf(
      [...model.accounts.values()].find(({ email, tenant }) => canonical(email) === job.email && tenant === job.tenant),
    ),
  );
  if (account && mayHaveLink(model, account)) {
    const expiresAt = Math.floor((model.now + LIFETIME) / 1000) * 1000;
    const token: ModelToken = { bound: account, expiresAt };
    if (!model.signed) yield* orThrow("ERR_TOKEN_STORE", "tokens.save", () => model.live.add(token));
    try {
      yield* step("mailer", () => {
        model.mails.push({ kind: "reset_link", to: account.email });
        model.links.push(token);
      });
    } catch (failed) {
      throw new Fault(isSilence(failed) ? "ERR_DISPATCHER" : "ERR_MAILER", failed);
    }
  }
  process.jobs.set(job, { name: "done" });
  return undefined;
}

function* followUp(model: Model, process: ModelProcess, job: FollowUpJob): Operation {
  const known = stateOf(process, job);
  if (known.name === "pending") yield* endsWithin(SETTLE_SECONDS, known.settled);
  const { name } = stateOf(process, job);
  if (name === "replaced") return undefined;
  if (name === "canceled") return void process.jobs.set(job, { name: "done" });

  const account = yield* orThrow("ERR_USER_STORE", "users.findById", () => copyOf(model.accounts.get(job.userId)));
  const current = account?.secret;
  const isKnown = job.isCommitted || name === "committed" || current === job.next;
  const isLate = model.now >= job.at + PATIENCE;
  if (!isKnown && !isLate && (current === job.previous || name === "pending")) throw new Fault("ERR_DISPATCHER");
  if (isKnown || current !== job.previous) {
    // The address of the link first, then the address on file, if it is another one.
    const recipients = new Map([[canonical(job.email), job.email]]);
    if (account) recipients.set(canonical(account.email), account.email);
    recipients.delete(undefined);
    const faults = yield* settled(
      orThrow("ERR_SESSIONS", "revoke", () => endSessions(model, job.userId, current)),
      ...[...recipients].map(([recipient, to]) =>
        sendNotice(model, process, job, `${job.userId} ${nameOf(current)} ${recipient}`, to),
      ),
    );
    const fault = faults.find((each) => each?.code === "ERR_DISPATCHER") ?? faults.find((each) => each);
    if (fault) throw fault;
  }
  process.jobs.set(job, { name: "done" });
  return undefined;
}

const nameOf = (secret: Secret | null | undefined) => (secret ? String(secret.n) : String(secret));

/** Two jobs for one change are one email of a process. */
function* sendNotice(model: Model, process: ModelProcess, job: FollowUpJob, key: string, to: string): Operation {
  const other = process.sending.get(key);
  if (other && other.job !== job && !(yield* endsWithin(DELIVERY_SECONDS, other.work))) {
    throw new Fault("ERR_DISPATCHER");
  }
  if (process.sent.has(key)) return undefined;
  const work: Underway = { input: "", outcome: undefined };
  process.sending.set(key, { job, work });
  try {
    yield* step("mailer", () => void model.mails.push({ kind: "password_changed", to }));
    process.sent.add(key);
  } catch (failed) {
    // An email that is never confirmed blocks the other jobs of this change, until its own job is attempted again.
    if (failed instanceof Failed && failed.isSilent) throw new Fault("ERR_DISPATCHER", failed);
    throw end(new Fault("ERR_MAILER", failed));
  }
  return end(undefined);

  function end<T>(outcome: T): T {
    work.outcome = { value: undefined };
    if (process.sending.get(key)?.work === work) process.sending.delete(key);
    return outcome;
  }
}
