import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { inline, type PasswordReset, sessionStamp } from "relatch";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { describeService } from "../services.ts";
import {
  type Application,
  addUser,
  createWorld,
  type Engine,
  emailOf,
  hasher,
  openApplication,
  passwordResetOf,
  statementsOver,
  type Urls,
  type World,
} from "./application.ts";
import { type ChildScript, childScript } from "./child.ts";
import { type Control, controls } from "./controls.ts";
import type { Plan, Report } from "./crash.child.ts";

// A process dies before or after any step, or in the middle of it. Another process finds things in order: the old
// password with a live link, or the new one with a dead link; and the queue, worked off, leaves nothing undone.

const LONG = process.env["RELATCH_PROCESSES"] === "long";
/** Processes at one time. */
const AT_A_TIME = 3;

const OLD = "the old password";
const NEW = "the new password";
const LATER = "a later password";

/** The calls of each flow, in order, each of which is one kill before it, one after it, one in its middle. */
const STEPS = {
  request: ["jobs.enqueue", "users.findByEmail", "tokens.save", "mailer.send", "jobs.acknowledge"],
  completion: [
    ...["tokens.find", "users.findById", "hasher.hash", "jobs.enqueue", "revokeSessions"],
    ...["users.replacePasswordHash", "revokeSessions", "tokens.deleteByUser"],
    ...["users.findById", "mailer.send", "jobs.acknowledge"],
  ],
} as const;
type Flow = keyof typeof STEPS;

/** Redis is asked with two commands for one call: a process can die between them. */
const REDIS_COMMANDS: Record<string, string[]> = {
  "tokens.save": ["redis SET", "redis SET"],
  "tokens.find": ["redis GET", "redis GET"],
  "tokens.deleteByUser": ["redis DEL"],
};

function announcements(flow: Flow, engine: Engine): string[] {
  const around = (call: string, inner: string[] = []): string[] => [
    `before ${call}`,
    ...inner.flatMap((command) => around(command)),
    `after ${call}`,
  ];
  return STEPS[flow].flatMap((call) => around(call, engine === "redis" ? REDIS_COMMANDS[call] : []));
}

/** What becomes of the jobs of the killed process. */
type Queue = "durable" | "lost";

let script: ChildScript;
beforeAll(async () => {
  script = await childScript("crash.child");
});
afterAll(() => script.remove());

let world: World;
let destroy: () => Promise<void>;
let application: Application;

async function open(engine: Engine, urls: Urls): Promise<void> {
  ({ world, destroy } = await createWorld(engine, urls));
  application = await openApplication(world);
}

async function close(): Promise<void> {
  await application.close();
  await destroy();
}

await describeService("postgres", async (postgres) => {
  tokensIn("postgres", { postgres });
  tokensIn("sqlite", { postgres });
  await describeService("mysql", (mysql) => tokensIn("mysql", { postgres, mysql }));
  await describeService("redis", (redis) => tokensIn("redis", { postgres, redis }));

  test("a commit that lands after its process has died is followed up", async () => {
    await open("postgres", { postgres });
    await lateCommit().finally(close);
  }, 30_000);

  controlsBreak({ postgres });
});

function tokensIn(engine: Engine, urls: Urls): void {
  describe(`tokens in ${engine}`, () => {
    beforeAll(() => open(engine, urls));
    afterAll(close);

    const queues: Queue[] = LONG || engine === "sqlite" ? ["durable", "lost"] : ["durable"];
    const flows: Flow[] = ["request", "completion"];
    test.each(queues.flatMap((queue) => flows.map((flow) => [flow, queue] as const)))(
      "a process killed at any step of a %s, with a %s queue, breaks no promise",
      async (flow, queue) => {
        const unhurt = await crash({ flow, queue });
        expect(unhurt).toEqual({ steps: announcements(flow, engine), violations: [] });

        const kills = momentsToDie(unhurt.steps);
        const crashes = await inTurns(kills, (kill) => crash({ flow, queue, ...kill }));
        report(`${engine}, ${flow}, ${queue} queue: ${crashes.length} kills`);
        expect(crashes.filter(({ violations }) => violations.length > 0)).toEqual([]);
        expect(crashes.map(({ steps }) => steps.at(-1))).toEqual(
          kills.map(({ killAt }) => unhurt.steps[killAt]),
        );
      },
      LONG ? 600_000 : 120_000,
    );
  });
}

async function lateCommit(): Promise<void> {
  const userId = "late";
  const oldStamp = await addUser(application, userId, OLD);
  const email = emailOf(userId);
  await passwordResetOf(application, userId, { dispatcher: inline() }).requestReset({ email, ip: null });
  const [token = ""] = await links(userId);

  const lock = await application.db.connect();
  await lock.query("BEGIN");
  await lock.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [userId]);
  const plan: Plan = { world, userId, control: undefined, task: { token, newPassword: NEW } };
  const child = script.start();
  child.on("message", (report: Report) => "step" in report && child.send("go on"));
  child.send(plan);
  await statementsOver(application, world, userId, (waits) => waits.includes("Lock"));
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;

  // Its statement still waits: so does the queue.
  expect(await look(application, userId)).toMatchObject({ password: OLD, alive: [token] });
  const job = await application.jobs.take(userId);
  expect(await delivered(passwordResetOf(application, userId), job)).toBe(false);
  await addSession(userId, oldStamp);
  await lock.query("COMMIT");
  lock.release();
  await statementsOver(application, world, userId);
  expect(await look(application, userId)).toMatchObject({
    password: NEW,
    alive: [],
    oldSessions: 1,
    notices: 0,
  });
  expect(await delivered(passwordResetOf(application, userId), job)).toBe(true);
  expect(await look(application, userId)).toMatchObject({
    password: NEW,
    alive: [],
    oldSessions: 0,
    notices: 1,
  });
}

function controlsBreak(urls: Urls): void {
  describe("control", () => {
    beforeEach(() => open("postgres", urls));
    afterEach(close);

    test.each([
      ["tokens deleted before the commit", "the old password stands and the link is dead"],
      ["follow-up handed over after the commit", "the new password is set and old sessions are alive"],
      ["follow-up handed over after the commit", "the new password is set and no notice was sent"],
      ["links not bound to the password", "the new password is set and the link is alive"],
      ["a commit in two steps", "the password is lost"],
    ] as [Control, string][])(
      "%s: %s",
      async (control, violation) => {
        const { steps } = await crash({ flow: "completion", queue: "durable", control });
        // Around the commit: the rest is as above.
        const kills = momentsToDie(steps).filter(({ killAt }) =>
          /replacePasswordHash|deleteByUser|enqueue/.test(`${steps[killAt - 1]} ${steps[killAt]}`),
        );
        const crashes = await inTurns(kills, (kill) =>
          crash({ flow: "completion", queue: "durable", control, ...kill }),
        );
        const broken = crashes.filter(({ violations }) => violations.includes(violation));
        report(
          `control, ${control}: ${violation} after ${broken.map(({ steps }) => steps.at(-1)).join(", ")}`,
        );
        expect(broken.length).toBeGreaterThan(0);
      },
      120_000,
    );
  });
}

/**
 * Before and after each step, and in the middle of it. After one and before the next is the same to the world:
 * the short form leaves out the former where the latter follows.
 */
function momentsToDie(steps: string[]): { killAt: number; midway: boolean }[] {
  return steps.flatMap((step, killAt) => {
    if (LONG)
      return [false, ...(step.startsWith("before") ? [true] : [])].map((midway) => ({ killAt, midway }));
    const isSameAsNext = step.startsWith("after") && steps[killAt + 1]?.startsWith("before");
    return isSameAsNext ? [] : [{ killAt, midway: false }];
  });
}

interface Crash {
  flow: Flow;
  queue: Queue;
  control?: Control;
  /** Which announcement is the last. Without it the process lives. */
  killAt?: number;
  /** The step is begun before the process is killed. */
  midway?: boolean;
}

interface Crashed {
  /** What the process announced. */
  steps: string[];
  /** The promises that were found broken. */
  violations: string[];
}

let accounts = 0;

async function crash({ flow, queue, control, killAt, midway = false }: Crash): Promise<Crashed> {
  accounts += 1;
  const userId = `user-${accounts}`;
  const ours = control ? controls[control](application, (_, run) => run()) : application;
  const oldStamp = await addUser(ours, userId, OLD);
  await passwordResetOf(ours, userId, { dispatcher: inline() }).requestReset({
    email: emailOf(userId),
    ip: null,
  });
  const [token = ""] = await links(userId);

  const steps = await run(
    {
      world,
      userId,
      control,
      task: flow === "request" ? { email: emailOf(userId) } : { token, newPassword: NEW },
    },
    async (name, count) => {
      // A login that checked the old password before the commit, and opens its session only now.
      if (name === "before users.replacePasswordHash") await addSession(userId, oldStamp);
      return count - 1 === killAt ? (midway ? "kill midway" : "kill") : "go on";
    },
  );
  return { steps, violations: await brokenPromises(ours, userId, flow, queue, steps) };
}

/** Runs a process along its steps; answers the steps it came to. */
async function run(
  plan: Plan,
  decide: (step: string, count: number) => Promise<"go on" | "kill" | "kill midway">,
): Promise<string[]> {
  const child = script.start();
  const exit = once(child, "exit");
  const steps: string[] = [];
  let killed = false;
  child.on("message", async (report: Report) => {
    if ("done" in report || killed) return;
    steps.push(report.step);
    const decision = await decide(report.step, steps.length);
    killed = decision !== "go on";
    if (decision !== "kill") child.send("go on");
    if (decision === "kill midway") await pause(Math.random() * 3);
    if (killed) child.kill("SIGKILL");
  });
  child.send(plan);
  const [code] = await exit;
  if (!killed && code !== 0) throw new Error(`the process failed after ${steps.at(-1)}`);
  await statementsOver(application, world, plan.userId);
  return steps;
}

// ── What another process finds ──────────────────────────────────────────────────────────────────────────

async function brokenPromises(
  ours: Application,
  userId: string,
  flow: Flow,
  queue: Queue,
  steps: string[],
): Promise<string[]> {
  const broken: string[] = [];
  const promise = (kept: boolean, otherwise: string) => kept || broken.push(otherwise);
  const passwordReset = passwordResetOf(ours, userId);

  const before = await look(ours, userId);
  const isNew = before.password === NEW;
  promise(flow === "completion" || before.password === OLD, "a request changed the password");
  promise(before.password !== undefined, "the password is lost");
  promise(before.alive.length <= 1, "two links are alive");
  if (flow === "completion") {
    promise(!(isNew && before.alive.length > 0), "the new password is set and the link is alive");
    promise(
      !(before.password === OLD && before.alive.length === 0),
      "the old password stands and the link is dead",
    );
  }

  if (queue === "lost") {
    await ours.jobs.lose(userId);
    // The one that was opened between the revocation and the commit is out of reach.
    promise(!isNew || before.oldSessions <= 1, "the new password is set and sessions from before are alive");
  } else {
    promise(await workOff(ours, userId), "the queue cannot be worked off");
    const after = await look(ours, userId);
    promise(after.password === before.password, "the queue changed the password");
    promise(!isNew || after.oldSessions === 0, "the new password is set and old sessions are alive");
    promise(!isNew || after.notices > 0, "the new password is set and no notice was sent");
    promise(isNew || after.notices === 0, "a notice was sent of a change that never was");
    promise(isNew || after.alive[0] === after.links[0], "the newest mail holds no live link");
    const isAccepted = flow === "request" && steps.includes("after jobs.enqueue");
    promise(!isAccepted || after.links.length > 1, "a request was accepted and no link was mailed");
  }

  // The person goes on, with the link there is or with a new one.
  const [live] = (await look(ours, userId)).alive;
  if (live === undefined) {
    await passwordReset.requestReset({ email: emailOf(userId), ip: null });
    await workOff(ours, userId);
  }
  const [token] = await links(userId);
  const result = await passwordReset.completeReset({ token: live ?? token, newPassword: LATER });
  await workOff(ours, userId);
  const end = await look(ours, userId);
  promise(result.ok && end.password === LATER, "the person cannot finish");
  promise(end.oldSessions === 0 && end.notices > 0, "the person's own reset left something undone");
  return broken;
}

/** Another process works the queue off: at once, and again when no commit can be waited for any more. */
async function workOff(ours: Application, userId: string): Promise<boolean> {
  const inThreeMinutes = () => new Date(Date.now() + 3 * 60_000);
  for (const overrides of [{}, { now: inThreeMinutes }]) {
    const worker = passwordResetOf(ours, userId, overrides);
    for (let job = await ours.jobs.take(userId); job; job = await ours.jobs.take(userId)) {
      if (!(await delivered(worker, job))) break;
      await ours.jobs.acknowledge(job);
    }
  }
  return (await ours.jobs.take(userId)) === undefined;
}

const delivered = (worker: PasswordReset, job: unknown): Promise<boolean> =>
  worker.deliver(job).then(
    () => true,
    () => false,
  );

/** How things stand with a user, whatever the ports say. */
async function look({ db, ...ours }: Application, userId: string) {
  const { rows: users } = await db.query("SELECT password_hash FROM users WHERE id = $1", [userId]);
  const passwordHash: string | null = users[0].password_hash;
  let password: string | undefined;
  for (const candidate of [OLD, NEW, LATER]) {
    if (await hasher.verify(passwordHash ?? "", candidate)) password = candidate;
  }
  const { rows: sessions } = await db.query("SELECT FROM sessions WHERE user_id = $1 AND stamp <> $2", [
    userId,
    sessionStamp({ id: userId, passwordHash }),
  ]);
  const { rows: notices } = await db.query(
    "SELECT FROM mails WHERE user_id = $1 AND kind = 'password_changed' AND recipient = $2",
    [userId, emailOf(userId)],
  );
  const mailed = await links(userId);
  const judge = passwordResetOf({ db, ...ours }, userId);
  const verdicts = await Promise.all(mailed.map((token) => judge.verifyToken(token)));
  return {
    /** The one that signs in. */
    password,
    oldSessions: sessions.length,
    notices: notices.length,
    /** In the mails, newest first. */
    links: mailed,
    /** Those that still work. */
    alive: mailed.filter((_, index) => verdicts[index]?.ok),
  };
}

async function links(userId: string): Promise<string[]> {
  const { rows } = await application.db.query(
    "SELECT token FROM mails WHERE user_id = $1 AND kind = 'reset_link' ORDER BY seq DESC",
    [userId],
  );
  return rows.map(({ token }) => token);
}

async function addSession(userId: string, stamp: string): Promise<void> {
  await application.db.query("INSERT INTO sessions (user_id, stamp) VALUES ($1, $2)", [userId, stamp]);
}

/** A few at a time, answers in order. */
async function inTurns<Item, Answer>(
  items: Item[],
  work: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const left = [...items.entries()];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) answers[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return answers;
}

const report = (line: string): void => {
  if (LONG) console.info(line);
};
