import { describe, expect, test } from "vitest";
import {
  type Application,
  addSession,
  addUser,
  type Engine,
  emailOf,
  emptyQueue,
  hasher,
  issueLink,
  LONGER_THAN_PATIENCE,
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

// An account changes right after its reset, a commit comes late, everything is drained during a completion. Every time the
// address that the link was sent to gets its notice, and no session of the old password is left.

type Change = "address changed" | "password changed again" | "account deleted" | "password removed";
const CHANGES: Change[] = ["address changed", "password changed again", "account deleted", "password removed"];

const COMMITTED = "after users.replacePasswordHash";

/** The moments from the commit until the worker has seen the account, and whether the process goes on afterwards. */
const MOMENTS: { step: string; nth: number; isKilled: boolean }[] = [
  { step: COMMITTED, nth: 1, isKilled: true },
  { step: COMMITTED, nth: 1, isKilled: false },
  ...(LONG
    ? [
        { step: "before revokeSessions", nth: 2 },
        { step: "after revokeSessions", nth: 2 },
        { step: "before users.findById", nth: 2 },
        { step: "after users.findById", nth: 2 },
        { step: "before mailer.send", nth: 1 },
      ].flatMap((moment) => [
        { ...moment, isKilled: true },
        { ...moment, isKilled: false },
      ])
    : []),
];
const ROUNDS = LONG ? 5 : 1;

export function testChanges(engine: Engine, urls: Urls): void {
  describe(`after a commit, with tokens in ${engine},`, () => {
    const scene = openScene(engine, urls);
    test.each(CHANGES)(
      "%s: the owner is told and old sessions end",
      async (change) => {
        const moments = Array.from({ length: ROUNDS }, () => MOMENTS).flat();
        const broken = await inTurns(moments, (moment) => changeAfterCommit(scene, change, moment));
        if (LONG) console.info(`${engine}, ${change}: ${moments.length} rounds`);
        expect(broken.flat()).toEqual([]);
      },
      TIMEOUT,
    );

    test(
      "a commit later than the patience of its follow-up job is followed up",
      async () => {
        const broken = await inTurns(Array(LONG ? 30 : 2).fill(undefined), () => commitLate(scene));
        expect(broken.flat()).toEqual([]);
      },
      TIMEOUT,
    );

    test(
      "a drain at any step of a completion waits for its notice",
      async () => {
        const steps: string[] = [];
        await drainAt(scene, (step) => {
          steps.push(step);
          return undefined;
        });
        const moments = LONG
          ? [...steps.keys()]
          : [...steps.keys()].filter((index) => /enqueue|before users\.replace|hash/.test(steps[index] ?? ""));
        const broken = await inTurns(moments, (moment) => drainAt(scene, (_, index) => index === moment));
        if (LONG) console.info(`${engine}, drains: ${moments.length} rounds`);
        expect(broken.flat()).toEqual([]);
      },
      TIMEOUT,
    );
  });
}

export function testChangeControls(engine: Engine, urls: Urls): void {
  describe("the tests of changes find planted mistakes (control)", () => {
    const scene = openScene(engine, urls);
    const [moment] = MOMENTS;
    test.each([
      ["notice to the address on file alone", "address changed", "no notice"],
      ["sessions of a deleted account kept", "account deleted", "old sessions"],
      ["follow-up handed over after the commit", "password changed again", "no notice"],
    ] as [Control, Change, string][])("%s breaks a promise", async (control, change, expected) => {
      expect(await changeAfterCommit(scene, change, moment!, control)).toContainEqual(
        expect.stringContaining(expected),
      );
    });

    test("a late commit that is not handed over again breaks a promise", async () => {
      const broken = await commitLate(scene, "a late commit not handed over again");
      expect(broken).toContainEqual(expect.stringContaining("no notice"));
    });

    test("a process that ends without a drain breaks a promise", async () => {
      const broken = await drainAt(scene, () => false);
      expect(broken).toContainEqual(expect.stringContaining("no notice"));
    });
  });
}

/** Adds an account with a link that is about to be used. A sign-in with the old password is still in flight. */
async function prepare({ application }: Scene, control?: Control) {
  const userId = nextUserId();
  const ours = control ? controls[control](application, (_, run) => run()) : application;
  const oldStamp = await addUser(ours, userId, OLD);
  const token = await issueLink(ours, userId);
  return {
    ours,
    plan: { userId, control, task: { token, newPassword: NEW } },
    signIn: () => addSession(ours, userId, oldStamp),
  };
}

async function changeAfterCommit(
  scene: Scene,
  change: Change,
  moment: { step: string; nth: number; isKilled: boolean },
  control?: Control,
): Promise<string[]> {
  const { ours, plan, signIn } = await prepare(scene, control);
  let seen = 0;
  await lead(scene, plan, async (step): Promise<Decision> => {
    if (step === "before users.replacePasswordHash") await signIn();
    if (step === moment.step) seen += 1;
    if (step !== moment.step || seen !== moment.nth) return {};
    seen += 1;
    await changeAccount(ours, plan.userId, change);
    return moment.isKilled ? "kill" : {};
  });
  const title = `${moment.step} ${moment.nth}${moment.isKilled ? ", killed" : ""}`;
  const broken = await findBrokenPromises(ours, plan.userId);
  const { password } = await look(ours, plan.userId);
  const expected = { "address changed": NEW, "password changed again": LATER }[change as string];
  if (password !== expected) broken.push("the password is not the last one set");
  return broken.map((promise) => `${title}: ${promise}`);
}

/** Changes the account as another part of the application would: with no call of the library. */
async function changeAccount({ db }: Application, userId: string, change: Change): Promise<void> {
  const set = (column: string, value: string | null) =>
    db.run(`UPDATE users SET ${column} = $1 WHERE id = $2`, [value, userId]);
  if (change === "address changed") await set("email", `intruder-${userId}@example.net`);
  if (change === "password changed again") await set("password_hash", await hasher.hash(LATER));
  if (change === "password removed") await set("password_hash", null);
  if (change === "account deleted") await db.run("DELETE FROM users WHERE id = $1", [userId]);
}

/** The commit waits longer than its follow-up job, which another process has dropped when it happens. */
async function commitLate(scene: Scene, control?: Control): Promise<string[]> {
  const { ours, plan, signIn } = await prepare(scene, control);
  const early: string[] = [];
  await lead(scene, plan, async (step): Promise<Decision> => {
    if (step !== "before users.replacePasswordHash") return {};
    await signIn();
    if (!(await emptyQueue(ours, plan.userId))) early.push("the queue cannot be emptied");
    const { notices, valid } = await look(ours, plan.userId);
    if (notices > 0) early.push("a notice was sent before the commit");
    if (valid.length !== 1) early.push("the link is invalid before the commit");
    return { clockAhead: LONGER_THAN_PATIENCE };
  });
  return [...early, ...(await findBrokenPromises(ours, plan.userId))];
}

/** Completes a reset in a process without a queue, and drains it at one step. */
async function drainAt(
  scene: Scene,
  isMoment: (step: string, index: number) => boolean | undefined,
): Promise<string[]> {
  const { ours, plan, signIn } = await prepare(scene);
  let moment = "no drain";
  await lead(scene, { ...plan, isWithoutQueue: true }, async (step, index): Promise<Decision> => {
    if (step === "before users.replacePasswordHash") await signIn();
    const drain = isMoment(step, index) === true;
    if (drain) moment = step;
    return { drain };
  });
  const broken = await findBrokenPromises(ours, plan.userId);
  return broken.map((promise) => `${moment}: ${promise}`);
}

/** The view of another process, after it has emptied the queue. */
async function findBrokenPromises(ours: Application, userId: string): Promise<string[]> {
  const isEmpty = await emptyQueue(ours, userId);
  const { oldSessions, notices, valid } = await look(ours, userId);
  const judge = passwordResetOf(ours, userId);
  const promises: [boolean, string][] = [
    [isEmpty, "the queue cannot be emptied"],
    [oldSessions === 0, "old sessions are open"],
    [notices > 0, `no notice was sent to ${emailOf("the owner")}`],
    [valid.length === 0, "a link is valid"],
    [(await judge.drain()).undelivered.length === 0, "an email was not delivered"],
  ];
  return promises.flatMap(([isKept, otherwise]) => (isKept ? [] : [otherwise]));
}
