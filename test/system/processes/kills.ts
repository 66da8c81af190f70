import { describe, expect, test } from "vitest";
import {
  type Application,
  addSession,
  addUser,
  type Engine,
  emailedTokens,
  emailOf,
  emptyQueue,
  issueLink,
  passwordResetOf,
  type Urls,
} from "./application.ts";
import { type Control, controls } from "./controls.ts";
import {
  type Decision,
  inTurns,
  LATER,
  LONG,
  lead,
  look,
  NEW,
  nextUserId,
  OLD,
  openScene,
  type Scene,
  TIMEOUT,
} from "./scene.ts";

// A process is killed before, during or after any step. Afterwards another process finds the old password with valid
// links, or the new password with invalid links, and nothing is left undone once the queue is empty.

/** The calls of each flow in order. A process is killed before, during and after each of them. */
const STEPS = {
  request: ["jobs.enqueue", "users.findByEmail", "tokens.save", "mailer.send", "jobs.acknowledge"],
  completion: [
    ...["tokens.find", "users.findById", "hasher.hash", "jobs.enqueue", "tokens.find", "revokeSessions"],
    ...["users.replacePasswordHash", "revokeSessions"],
    ...["users.findById", "revokeSessions", "mailer.send", "jobs.acknowledge"],
  ],
  "first password": [
    ...["tokens.find", "users.findById", "hasher.hash", "jobs.enqueue", "tokens.find", "revokeSessions"],
    ...["tokens.deleteByUser", "users.setFirstPasswordHash", "jobs.enqueue", "revokeSessions"],
    ...["jobs.acknowledge", "users.findById", "revokeSessions", "mailer.send", "jobs.acknowledge"],
  ],
} as const;
type Flow = keyof typeof STEPS;

/** One call may send several commands to Redis, and a process can be killed between them. The account has two links. */
const REDIS_COMMANDS: Record<string, string[]> = {
  "tokens.save": ["redis ZADD", "redis ZREMRANGEBYSCORE", "redis EXPIRE", "redis SET"],
  "tokens.find": ["redis GET"],
  "tokens.deleteByUser": ["redis ZRANGE", "redis DEL", "redis DEL"],
};

function announcements(flow: Flow, engine: Engine): string[] {
  const around = (call: string, inner: string[] = []): string[] => [
    `before ${call}`,
    ...inner.flatMap((command) => around(command)),
    `after ${call}`,
  ];
  return STEPS[flow].flatMap((call) => around(call, engine === "redis" ? REDIS_COMMANDS[call] : []));
}

/** Whether the jobs of the killed process are still there afterwards. */
type Queue = "durable" | "lost";

export function testKills(engine: Engine, urls: Urls): void {
  describe(`tokens in ${engine}`, () => {
    const scene = openScene(engine, urls);
    const queues: Queue[] = LONG || engine === "postgres" ? ["durable", "lost"] : ["durable"];
    const flows = Object.keys(STEPS) as Flow[];
    test.each(queues.flatMap((queue) => flows.map((flow) => [flow, queue] as const)))(
      "a process killed at any step of a %s, with a %s queue, breaks no promise",
      async (flow, queue) => {
        const unhurt = await kill(scene, { flow, queue });
        expect(unhurt).toEqual({ steps: announcements(flow, engine), broken: [] });

        const isShort = !LONG && flow === "first password";
        const moments = isShort ? aroundTheCommit(unhurt.steps) : momentsOf(unhurt.steps);
        const kills = await inTurns(moments, (moment) => kill(scene, { flow, queue, ...moment }));
        if (LONG) console.info(`${engine}, ${flow}, ${queue} queue: ${kills.length} kills`);
        expect(kills.filter(({ broken }) => broken.length > 0)).toEqual([]);
        expect(kills.map(({ steps }) => steps.at(-1))).toEqual(moments.map(({ killAt }) => unhurt.steps[killAt]));
      },
      TIMEOUT,
    );
  });
}

export function testPlantedMistakes(engine: Engine, urls: Urls): void {
  describe("the tests find planted mistakes (control)", () => {
    const scene = openScene(engine, urls);
    test.each([
      [
        "follow-up handed over after the commit",
        ["the new password is set and old sessions are open", "the new password is set and no notice was sent"],
      ],
      ["links not bound to the password", ["the new password is set and a link is valid"]],
      ["a commit in two steps", ["the password is lost"]],
    ] as [Control, string[]][])(
      "%s breaks a promise",
      async (control, expected) => {
        const { steps } = await kill(scene, { flow: "completion", queue: "durable", control });
        // Only around the commit, because all other steps are as above.
        const moments = aroundTheCommit(steps);
        const kills = await inTurns(moments, (moment) =>
          kill(scene, { flow: "completion", queue: "durable", control, ...moment }),
        );
        expect(kills.flatMap(({ broken }) => broken)).toEqual(expect.arrayContaining(expected));
      },
      TIMEOUT,
    );
  });
}

/**
 * Returns the moments before, during and after each step. The moments after one step and before the next are the same
 * to the world, so the short form has only one of them.
 */
function momentsOf(steps: string[]): { killAt: number; midway: boolean }[] {
  return steps.flatMap((step, killAt) => {
    const moment = { killAt, midway: false };
    if (LONG) return step.startsWith("before") ? [moment, { killAt, midway: true }] : [moment];
    const isSameAsNext = step.startsWith("after") && steps[killAt + 1]?.startsWith("before");
    return isSameAsNext ? [] : [moment];
  });
}

const aroundTheCommit = (steps: string[]) =>
  momentsOf(steps).filter(({ killAt }) => /PasswordHash|enqueue/.test(`${steps[killAt - 1]} ${steps[killAt]}`));

interface Kill {
  flow: Flow;
  queue: Queue;
  control?: Control;
  /** The index of the last announced step. Without it the process is not killed. */
  killAt?: number;
  /** The step starts before the process is killed. */
  midway?: boolean;
}

interface Killed {
  steps: string[];
  /** The promises that were found broken. */
  broken: string[];
}

async function kill(scene: Scene, { flow, queue, control, killAt, midway = false }: Kill): Promise<Killed> {
  const userId = nextUserId();
  const { application } = scene;
  const ours = control ? controls[control](application, (_, run) => run()) : application;
  const oldStamp = await addUser(ours, userId, flow === "first password" ? null : OLD);
  // The older of two links is used.
  const token = await issueLink(ours, userId);
  await issueLink(ours, userId);
  const task = flow === "request" ? { email: emailOf(userId) } : { token, newPassword: NEW };
  const steps = await lead(scene, { userId, control, task }, async (step, index): Promise<Decision> => {
    // A sign-in that checked the old password before the commit opens its session only now.
    if (/before users\.(replace|setFirst)PasswordHash/.test(step)) await addSession(ours, userId, oldStamp);
    return index === killAt ? (midway ? "kill midway" : "kill") : {};
  });
  return { steps, broken: await findBrokenPromises(ours, userId, flow, queue, steps) };
}

// ── The view of another process ─────────────────────────────────────────────────────────────────────────

async function findBrokenPromises(
  ours: Application,
  userId: string,
  flow: Flow,
  queue: Queue,
  steps: string[],
): Promise<string[]> {
  const broken: string[] = [];
  const promise = (kept: boolean, otherwise: string) => kept || broken.push(otherwise);
  const first = flow === "first password" ? undefined : OLD;
  const before = await look(ours, userId);
  const isNew = before.password === NEW;
  promise(flow !== "request" || before.password === OLD, "a request changed the password");
  promise(isNew || before.password === first, "the password is lost");
  promise(!isNew || before.valid.length === 0, "the new password is set and a link is valid");
  // The links of an account without a password are deleted before the commit.
  const isDeleted = first === undefined && steps.includes("before tokens.deleteByUser");
  promise(
    isNew || isDeleted || before.valid.length === before.links.length,
    "the password is unchanged and a link is invalid",
  );

  if (queue === "lost") {
    await ours.jobs.discard(userId);
    // The session that was opened between the revocation and the commit cannot be reached.
    promise(!isNew || before.oldSessions <= 1, "the new password is set and earlier sessions are open");
  } else {
    promise(await emptyQueue(ours, userId), "the queue cannot be emptied");
    const after = await look(ours, userId);
    promise(after.password === before.password, "the queue changed the password");
    promise(!isNew || after.oldSessions === 0, "the new password is set and old sessions are open");
    promise(!isNew || after.notices > 0, "the new password is set and no notice was sent");
    promise(!isNew || after.notices <= 1, "one change led to two different notices");
    promise(isNew || after.notices === 0, "a notice was sent although the password did not change");
    const isAccepted = flow === "request" && steps.includes("after jobs.enqueue");
    promise(!isAccepted || after.links.length > 2, "a request was accepted and no link was sent");
  }

  // The person continues with a valid link or with a new one.
  const [valid] = (await look(ours, userId)).valid;
  const passwordReset = passwordResetOf(ours, userId);
  if (valid === undefined) {
    await passwordReset.requestReset({ email: emailOf(userId), ip: false });
    await emptyQueue(ours, userId);
  }
  const [newest = ""] = await emailedTokens(ours, userId);
  const result = await passwordReset.completeReset({ token: valid ?? newest, newPassword: LATER });
  await emptyQueue(ours, userId);
  const end = await look(ours, userId);
  promise(result.ok && end.password === LATER, "the person cannot finish");
  promise(end.oldSessions === 0 && end.notices > 0, "the person's reset left something undone");
  return broken;
}
