import { onTestFinished, vi } from "vitest";
import type { Harness } from "../../harness.ts";

/** All that happened before an answer, as far as its time depends on it. */
export interface Before {
  answer: unknown;
  /** Every call of a port, and every timer, in their order. */
  steps: string[];
  /** How often the call gave way to others. */
  turns: number;
}

/**
 * Stops the clock that jobs wait for, asks, and writes down what was done until the answer was there. The same list,
 * in the same number of turns, takes the same time.
 */
export async function before(app: Harness, ask: (app: Harness) => Promise<unknown>): Promise<Before> {
  stopTimers();
  const steps: string[] = [];
  for (const port of ["users", "tokens", "mailer", "hasher"] as const) {
    writeDown(port, app[port] as unknown as Methods, steps);
  }
  const wait = vi.spyOn(globalThis, "setTimeout");
  let answer: unknown;
  let isThere = false;
  const asked = ask(app)
    .catch((error: { code?: string }) => `threw ${error.code}`)
    .then((what) => {
      answer = what;
      isThere = true;
    });
  let turns = 0;
  while (!isThere && turns < 10_000) {
    turns += 1;
    await Promise.resolve();
  }
  if (!isThere) steps.push("something else was waited for");
  steps.push(
    ...wait.mock.calls.map(([, delay = 0]) => `a timer of ${Number(delay) < 50 ? delay : "50 ms or more"}`),
  );
  wait.mockRestore();
  if (isThere) await asked;
  return { answer, steps, turns };
}

type Methods = Record<string, ((...args: unknown[]) => unknown) | undefined>;

function writeDown(port: string, methods: Methods, steps: string[]): void {
  for (const [name, method] of Object.entries(methods)) {
    if (typeof method !== "function") continue;
    methods[name] = (...args) => {
      steps.push(`${port}.${name}`);
      return method.apply(methods, args);
    };
  }
}

function stopTimers(): void {
  if (vi.isFakeTimers()) return;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate"] });
  onTestFinished(() => void vi.useRealTimers());
}
