import type { PasswordReset } from "relatch";
import {
  type Application,
  type Around,
  openApplication,
  passwordResetOf,
  type World,
} from "./application.ts";
import { type Control, controls } from "./controls.ts";

// A process that will be killed: before and after every call of a port it says where it is, and waits.

/** What the parent says first. */
export interface Plan {
  world: World;
  userId: string;
  control: Control | undefined;
  task: { email: string } | { token: string; newPassword: string };
}

/** What this process says: where it is, or how it ended. */
export type Report = { step: string } | { done: unknown };

process.once("message", async ({ world, userId, control, task }: Plan) => {
  const opened = announced(
    await openApplication(world, { connections: 2, client: userId, aroundCommand: oneByOne(step) }),
  );
  const application = control ? controls[control](opened, step) : opened;
  const passwordReset = passwordResetOf(application, userId);
  const done = await ("email" in task
    ? passwordReset.requestReset({ ...task, ip: null })
    : passwordReset.completeReset(task));
  await workOff(passwordReset, application, userId);
  await say({ done });
  process.disconnect();
  await opened.close();
});

async function workOff({ deliver }: PasswordReset, { jobs }: Application, owner: string): Promise<void> {
  for (let job = await jobs.take(owner); job; job = await jobs.take(owner)) {
    const delivered = await deliver(job).then(
      () => true,
      () => false,
    );
    // A later worker's.
    if (!delivered) return;
    await jobs.acknowledge(job);
  }
}

// ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────

const say = (report: Report) => new Promise<void>((resolve) => process.send!(report, () => resolve()));

async function pauseAt(step: string): Promise<void> {
  const goOn = new Promise((resolve) => process.once("message", resolve));
  await say({ step });
  await goOn;
}

async function step<T>(name: string, run: () => Promise<T>): Promise<T> {
  await pauseAt(`before ${name}`);
  const answer = await run();
  await pauseAt(`after ${name}`);
  return answer;
}

/** One after the other, also where the library starts two at once: then a kill falls between them as well. */
function oneByOne(around: Around): Around {
  let last: Promise<unknown> = Promise.resolve();
  return (name, run) => {
    const work = last.then(() => around(name, run));
    last = work.catch(() => {});
    return work;
  };
}

function announced(application: Application): Application {
  const port = <Port extends object>(name: string, methods: Port): Port =>
    Object.fromEntries(
      Object.entries(methods).map(([method, run]) => [
        method,
        (...args: unknown[]) => step(`${name}.${method}`, async () => run.apply(methods, args)),
      ]),
    ) as Port;
  return {
    ...application,
    users: port("users", application.users),
    tokens: port("tokens", application.tokens),
    mailer: port("mailer", application.mailer),
    hasher: port("hasher", application.hasher),
    // To take a job changes nothing.
    jobs: { ...port("jobs", application.jobs), take: application.jobs.take },
    revokeSessions: (...args) => step("revokeSessions", async () => application.revokeSessions(...args)),
  };
}
