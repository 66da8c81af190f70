import type { Job, PasswordReset } from "relatch";
import { expect, test, vi } from "vitest";
import { signJob } from "../../../src/core/jobs.ts";
import { type Harness, KEYS } from "../../helpers/harness.ts";
import { type ClassName, FLAWS } from "../flaws.ts";
import { adapters, createApp, type Front, type FrontOptions, startFront } from "./front.ts";

/** `RELATCH_SECURITY=long` runs more rounds. */
export const LONG = process.env["RELATCH_SECURITY"] === "long";

/** How often a property is checked. */
export const RUNS = LONG ? 5000 : 100;

// No test takes long, but a busy machine does.
const timeout = LONG ? 3_600_000 : 60_000;

export const REFUSED = { ok: false, reason: "invalid_or_expired_token" };

/** The change of an application that the control makes. */
type Mistake = (app: Harness) => unknown;
interface Plan {
  options?: FrontOptions | (() => FrontOptions);
  mistake: Mistake | FrontOptions;
}

/** The flaws whose tests passed, by file: files may share this module. */
const passed = new Map<string | undefined, Set<string>>();
const passedHere = () => {
  const { testPath } = expect.getState();
  const ids = passed.get(testPath) ?? new Set();
  passed.set(testPath, ids);
  return ids;
};

/**
 * Registers a test of one flaw. The check must pass on the library as it is, and the same check must fail where the
 * mistake is planted: a change of the application, or other options.
 */
export function flaw(id: string, title: string, plan: Mistake | Plan, check: (app: Harness) => unknown): void {
  const start = (isWrong: boolean) => {
    const { options, plant } = setUp(plan, isWrong);
    const app = createApp(options);
    plant?.(app);
    return app;
  };
  flawIn(id, title, [() => start(false), () => start(true)], check);
}

/** Registers the same test over the routes of each example adapter, with a harness behind them. */
export function flawOverHttp(id: string, title: string, plan: Mistake | Plan, check: (app: Front) => unknown): void {
  for (const { name, listener } of adapters) {
    const start = (isWrong: boolean) => {
      const { options, plant } = setUp(plan, isWrong);
      return startFront(listener, options, plant);
    };
    flawIn(id, `${title} (${name})`, [() => start(false), () => start(true)], check);
  }
}

function setUp(plan: Mistake | Plan, isWrong: boolean): { options: FrontOptions; plant?: Mistake } {
  const { options = {}, mistake } = typeof plan === "function" ? { mistake: plan } : plan;
  const right = typeof options === "function" ? options() : options;
  if (!isWrong) return { options: right };
  return typeof mistake === "function" ? { options: right, plant: mistake } : { options: { ...right, ...mistake } };
}

/** Registers a test of one flaw in anything else: what is right passes the check, and what is wrong does not. */
export function flawIn<Subject>(
  id: string,
  title: string,
  [right, wrong]: readonly [right: () => Subject | Promise<Subject>, wrong: () => Subject | Promise<Subject>],
  check: (subject: Subject) => unknown,
): void {
  if (!FLAWS.some((row) => row.id === id)) throw new Error(`${id} is not in the tables.`);
  test(`${id}: ${title}`, { timeout }, async () => {
    // A test that is late must not count for the next file.
    const ids = passedHere();
    expect.hasAssertions();
    try {
      await check(await right());
      vi.restoreAllMocks();
      await expectFound(async () => check(await wrong()));
    } finally {
      vi.restoreAllMocks();
      vi.useRealTimers();
    }
    ids.add(id);
  });
}

/** The control of a test: the check must fail, and by an assertion. */
export async function expectFound(check: () => unknown): Promise<void> {
  const error: unknown = await (async () => check())().then(
    () => new Error("The check passed, although the mistake is there."),
    (failure) => failure,
  );
  const isAssertion = [error, (error as Error).cause].some((each) => (each as Error)?.name === "AssertionError");
  if (!isAssertion) throw error;
}

/** Registers the last test of a class: each of its flaws has a test that passed, and no test is of another class. */
export function everyFlawOf(name: ClassName): void {
  const ids = FLAWS.filter((row) => row.class === name).map(({ id }) => id);
  test(`Each of the ${ids.length} flaws of class ${name} has a test that passed`, () => {
    expect([...passedHere()].sort()).toEqual(ids.sort());
  });
}

interface Calls {
  requestReset(input: { email: string; ip: string | null }): unknown;
  verifyToken(input: { token: string }): unknown;
  completeReset(input: { token: string; newPassword: string }): unknown;
  deliver(job: unknown): unknown;
  settings(input?: object): unknown;
}

/** Replaces calls of the core, which is how a mistake in them is planted. */
export const override =
  (make: (core: PasswordReset, app: Harness) => Partial<Calls>): Mistake =>
  (app) => {
    app.passwordReset = {
      ...app.passwordReset,
      ...(make(app.passwordReset, app) as unknown as Partial<PasswordReset>),
    };
  };

/** The mistake: errors keep their causes. The error that `onError` gets is the one that the caller gets. */
export const keepCause = (error: Error, cause: unknown): void =>
  void Object.defineProperty(error, "cause", { value: cause });

/** Returns a job as the server signs it for a queue. Fields that are given may be wrong. */
export const signedJob = ({ clock }: Harness, fields: object): object =>
  signJob({ v: 2, id: "a", at: clock.now, locale: "en", ...fields } as Job, KEYS);

/** Watches the two functions that set a password. */
export function spyOnCommits({ users }: Harness) {
  const store = users as { setFirstPasswordHash: NonNullable<typeof users.setFirstPasswordHash> };
  return [vi.spyOn(users, "replacePasswordHash"), vi.spyOn(store, "setFirstPasswordHash")];
}

/** Runs the steps one after the other. */
export async function inOrder<T>(steps: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  for (const step of steps) results.push(await step());
  return results;
}

export const times = <T>(count: number, make: (nth: number) => T): T[] =>
  Array.from({ length: count }, (_, nth) => make(nth));

/** The different ones among some things, for an `expect` that shows all of them if there is more than one. */
export const kinds = (things: readonly unknown[]): string[] => [
  ...new Set(things.map((thing) => (typeof thing === "string" ? thing : JSON.stringify(thing)))),
];

/** Returns the recipients, once all promised emails are sent. */
export async function recipientsOf({ passwordReset, mailer }: Harness): Promise<string[]> {
  await passwordReset.drain();
  return mailer.sent.map(({ to }) => to);
}
