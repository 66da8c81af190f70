import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { ResetEvent } from "relatch";

// Starts the recipes' programs as separate processes.

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const running = new Set<ChildProcess>();

export interface Program {
  /** The line it prints when it is ready. */
  ready: string;
  /** The events it has logged. */
  events: ResetEvent[];
  /** Everything it has printed, if that is collected. */
  output: string[];
  /** Resolves with the exit code, or with the signal that ended it. */
  ended: Promise<number | string>;
  kill(signal: "SIGKILL" | "SIGTERM"): void;
}

const bundles = new Map<string, Promise<string>>();
let folder: string | undefined;

/** Bundles a program, which then starts three times as fast. It stays where it finds the packages. */
async function bundle(file: string): Promise<string> {
  if (!folder) {
    mkdirSync(join(FOLDER, "node_modules/.cache"), { recursive: true });
    folder = mkdtempSync(join(FOLDER, "node_modules/.cache/programs-"));
  }
  const outfile = join(folder, `${file.replaceAll("/", "_")}.mjs`);
  const settings = { bundle: true, platform: "node", format: "esm", packages: "external" } as const;
  await build({ ...settings, entryPoints: [join(FOLDER, file)], outfile, logLevel: "silent", sourcemap: "inline" });
  return outfile;
}

/** Starts a program of the recipes and waits until it is ready. Collects what it prints, instead of passing errors on. */
export async function start(file: string, env: Record<string, string>, { collects = false } = {}): Promise<Program> {
  const bundled = bundles.get(file) ?? bundle(file);
  bundles.set(file, bundled);
  const child = spawn(process.execPath, ["--enable-source-maps", await bundled], {
    cwd: FOLDER,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const events: ResetEvent[] = [];
  const output: string[] = [];
  if (collects) createInterface({ input: child.stderr }).on("line", (line) => output.push(line));
  else child.stderr.on("data", (chunk) => process.stderr.write(chunk));
  const ended = new Promise<number | string>((resolve) => {
    child.once("exit", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? "");
    });
  });
  const kill = (signal: "SIGKILL" | "SIGTERM") => void child.kill(signal);
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (collects) output.push(line);
      if (line.startsWith("ready")) resolve({ ready: line, events, output, ended, kill });
      else if (line.startsWith("{")) events.push(JSON.parse(line));
    });
    void ended.then((how) => reject(new Error([`${file} ended before it was ready: ${how}`, ...output].join("\n"))));
  });
}

/** Ends the programs that a failed test has left running, and deletes the bundles. */
export const killAll = (): void => {
  for (const child of running) child.kill("SIGKILL");
  if (folder) rmSync(folder, { recursive: true });
  folder = undefined;
  bundles.clear();
};
