import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import type { Report } from "./results.ts";

export type Command = readonly [string, ...string[]];

/** The end of a process. */
export interface Ended {
  /** `null` where a signal ended it. */
  code: number | null;
  output: string;
}

export interface Running {
  child: ChildProcess;
  /** Waits until it says this. */
  says(words: string): Promise<void>;
  ended: Promise<Ended>;
}

/** Nothing here takes as long, not on a busy machine either. */
const TIMEOUT_MS = 10 * 60_000;

export function start([program, ...args]: Command, cwd: string, env: Record<string, string>): Running {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const said = new EventEmitter();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      said.emit("more");
    });
  }
  const deadline = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, output }));
  }).finally(() => clearTimeout(deadline));
  const says = async (words: string) => {
    while (!output.includes(words)) await once(said, "more");
  };
  return { child, says, ended };
}

/** Runs a program that writes a report to the file that RELATCH_REPORT names. */
export async function reportOf(
  command: Command,
  { cwd, env, file }: { cwd: string; env: Record<string, string>; file: string },
): Promise<Report> {
  rmSync(file, { force: true });
  const { code, output } = await start(command, cwd, { ...env, RELATCH_REPORT: file }).ended;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    const fault = `ended with ${code ?? "a signal"} and left no report: ${output.slice(-4000)}`;
    return { cases: [], faults: [fault] };
  }
}

/** Runs the tasks, at most `limit` at a time. Returns the results in the order of the tasks. */
export async function inParallel<T>(limit: number, tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const queue = [...tasks.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, task] = next;
      results[index] = await task();
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
