import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { sessionStamp } from "relatch";
import { afterAll, beforeAll } from "vitest";
import {
  type Application,
  createWorld,
  type Engine,
  emailedTokens,
  emailOf,
  hasher,
  openApplication,
  passwordResetOf,
  type Urls,
  type World,
  waitForStatements,
} from "./application.ts";
import { bundleChild, type ChildScript } from "./child.ts";
import type { Order, Plan, Report } from "./kill.child.ts";

// A world with a process that is led step by step, and the view of another process on the result.

export const LONG = process.env["RELATCH_PROCESSES"] === "long";
export const TIMEOUT = LONG ? 3_600_000 : 120_000;
const PROCESSES_AT_ONCE = 3;

export const OLD = "the old password";
export const NEW = "the new password";
export const LATER = "a later password";

export interface Scene {
  script: ChildScript;
  world: World;
  application: Application;
}

/** Opens a scene for the tests of a `describe`. Its fields are there when they run. */
export function openScene(engine: Engine, urls: Urls): Scene {
  const scene = {} as Scene;
  let destroy: () => Promise<void>;
  beforeAll(async () => {
    scene.script = await bundleChild("kill.child");
    ({ world: scene.world, destroy } = await createWorld(engine, urls));
    scene.application = await openApplication(scene.world);
  });
  afterAll(async () => {
    await scene.application.close();
    await destroy();
    await scene.script.remove();
  });
  return scene;
}

let accounts = 0;

/** Returns the id of an account that no other test has. */
export function nextUserId(): string {
  accounts += 1;
  return `user-${accounts}`;
}

export type Decision = Order | "kill" | "kill midway";

/** Runs a process step by step and returns the steps that it reached. `decide` is told each step and its index. */
export async function lead(
  { script, application, world }: Scene,
  plan: Omit<Plan, "world">,
  decide: (step: string, index: number) => Promise<Decision>,
): Promise<string[]> {
  const child = script.start();
  const exit = once(child, "exit");
  const steps: string[] = [];
  let killed = false;
  let failure: unknown;
  child.on("message", async (report: Report) => {
    if ("done" in report || killed) return;
    steps.push(report.step);
    const decision = await decide(report.step, steps.length - 1).catch((error: unknown): Decision => {
      failure = error;
      return "kill";
    });
    killed = typeof decision === "string";
    if (decision !== "kill") child.send(typeof decision === "string" ? {} : decision);
    if (decision === "kill midway") await pause(Math.random() * 3);
    if (killed) child.kill("SIGKILL");
  });
  child.send({ world, ...plan } satisfies Plan);
  const [code] = await exit;
  if (failure) throw failure;
  if (!killed && code !== 0) throw new Error(`The process failed after ${steps.at(-1)}.`);
  await waitForStatements(application, world, plan.userId);
  return steps;
}

/** Reads the state of a user from the database, without trusting the ports. */
export async function look({ db, ...ours }: Application, userId: string) {
  const [user] = await db.all("SELECT password_hash FROM users WHERE id = $1", [userId]);
  const passwordHash: string | null = user?.["password_hash"] ?? null;
  let password: string | undefined;
  for (const candidate of [OLD, NEW, LATER]) {
    if (await hasher.verify(passwordHash ?? "", candidate)) password = candidate;
  }
  const stamp = user ? sessionStamp({ id: userId, passwordHash }) : "";
  const sessions = await db.all("SELECT stamp FROM sessions WHERE user_id = $1 AND stamp <> $2", [userId, stamp]);
  const notices = await db.all(
    "SELECT DISTINCT idempotency_key FROM emails WHERE user_id = $1 AND kind = 'password_changed' AND recipient = $2",
    [userId, emailOf(userId)],
  );
  const links = await emailedTokens({ db, ...ours }, userId);
  const judge = passwordResetOf({ db, ...ours }, userId);
  const verdicts = await Promise.all(links.map((token) => judge.verifyToken({ token })));
  return {
    /** The password that signs in. */
    password,
    /** Sessions of any password but the current one. */
    oldSessions: sessions.length,
    /** Notices to the address that the links were bound to, as a mail service counts them that drops duplicates. */
    notices: notices.length,
    /** The emailed links, newest first. */
    links,
    /** The links that still work. */
    valid: links.filter((_, index) => verdicts[index]?.ok),
  };
}

/** Works on a few items at a time and returns the results in order. */
export async function inTurns<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const left = [...items.entries()];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: PROCESSES_AT_ONCE }, worker));
  return results;
}
