import { background, type PasswordReset } from "relatch";
import {
  type Application,
  type Around,
  isDelivered,
  openApplication,
  passwordResetOf,
  type World,
} from "./application.ts";
import { type Control, controls } from "./controls.ts";

// A process that the parent leads: before and after every call of a port it reports the step and waits for an order. It may
// be killed at any of them.

/** The first message of the parent. */
export interface Plan {
  world: World;
  userId: string;
  control?: Control | undefined;
  task: { email: string } | { token: string; newPassword: string };
  /** Jobs stay in this process, are drained on order, and are lost with it. */
  isWithoutQueue?: boolean | undefined;
}

/** An order of the parent: go on, with the clock of this process ahead, or while everything is drained. */
export interface Order {
  clockAhead?: number;
  drain?: boolean;
}

/** A message of this process: the current step, or the result. */
export type Report = { step: string } | { done: unknown };

let clockAhead = 0;
let drains: Promise<unknown> | undefined;
let drain = async () => {};

process.once("message", async ({ world, userId, control, task, isWithoutQueue }: Plan) => {
  const opened = announceSteps(
    await openApplication(world, { connections: 2, client: userId, aroundCommand: oneByOne(step) }),
  );
  const application = control ? controls[control](opened, step) : opened;
  const passwordReset = passwordResetOf(application, userId, {
    now: () => new Date(Date.now() + clockAhead),
    ...(isWithoutQueue && { dispatcher: background() }),
  });
  drain = async () => void (await passwordReset.drain());
  const done = await ("email" in task
    ? passwordReset.requestReset({ ...task, ip: false })
    : passwordReset.completeReset(task));
  if (isWithoutQueue) await drains;
  else await workOff(passwordReset, application, userId);
  await say({ done });
  // Jobs that a drain left in this process are lost.
  process.exit();
});

async function workOff(passwordReset: PasswordReset, { jobs }: Application, owner: string): Promise<void> {
  for (let job = await jobs.take(owner); job; job = await jobs.take(owner)) {
    // A later worker delivers it.
    if (!(await isDelivered(passwordReset, job))) return;
    await jobs.acknowledge(job);
  }
}

// ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────

const say = (report: Report) => new Promise<void>((resolve) => process.send!(report, () => resolve()));

async function pauseAt(name: string): Promise<void> {
  const order = new Promise<Order>((resolve) => process.once("message", resolve));
  await say({ step: name });
  const { clockAhead: ahead = clockAhead, drain: isDraining = false } = await order;
  clockAhead = ahead;
  if (isDraining) drains = drain();
}

async function step<T>(name: string, run: () => Promise<T>): Promise<T> {
  await pauseAt(`before ${name}`);
  const result = await run();
  await pauseAt(`after ${name}`);
  return result;
}

/** Runs steps one after the other even if the library starts two at once, so that a kill can fall between them. */
function oneByOne(around: Around): Around {
  let last: Promise<unknown> = Promise.resolve();
  return (name, run) => {
    const work = last.then(() => around(name, run));
    last = work.catch(() => {});
    return work;
  };
}

function announceSteps(application: Application): Application {
  const announce = oneByOne(step);
  const port = <Port extends object>(name: string, methods: Port): Port =>
    Object.fromEntries(
      Object.entries(methods).map(([method, run]) => [
        method,
        (...args: unknown[]) => announce(`${name}.${method}`, async () => run.apply(methods, args)),
      ]),
    ) as Port;
  return {
    ...application,
    users: port("users", application.users),
    tokens: port("tokens", application.tokens),
    mailer: port("mailer", application.mailer),
    hasher: port("hasher", application.hasher),
    // Taking a job changes nothing, so it is not a step.
    jobs: { ...port("jobs", application.jobs), take: application.jobs.take },
    revokeSessions: (...args) => announce("revokeSessions", async () => application.revokeSessions(...args)),
  };
}
