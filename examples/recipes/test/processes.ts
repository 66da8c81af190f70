import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ResetEvent } from "relatch";

// The recipes' programs, as processes of their own.

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const running = new Set<ChildProcess>();

export interface Program {
  /** What it says when it is ready. */
  ready: string;
  /** The events it has logged. */
  events: ResetEvent[];
  /** Resolves with the exit code, or with the signal that ended it. */
  ended: Promise<number | string>;
  kill(signal: "SIGKILL" | "SIGTERM"): void;
}

/** Starts a program of the recipes and waits until it is ready. */
export function start(file: string, env: Record<string, string>): Promise<Program> {
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: FOLDER,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  const events: ResetEvent[] = [];
  const ended = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? "");
    });
  });
  const kill = (signal: "SIGKILL" | "SIGTERM") => void child.kill(signal);
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("ready")) resolve({ ready: line, events, ended, kill });
      else if (line.startsWith("{")) events.push(JSON.parse(line));
    });
    void ended.then((how) => reject(new Error(`${file} ended before it was ready: ${how}`)));
  });
}

/** Whatever a failed test has left running. */
export const killAll = (): void => {
  for (const child of running) child.kill("SIGKILL");
};
