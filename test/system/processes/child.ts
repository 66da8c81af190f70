import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A script for child processes. It is bundled, because a loader would cost more time than the tests. */
export interface ChildScript {
  start(): ChildProcess;
  remove(): Promise<void>;
}

export async function bundleChild(name: string): Promise<ChildScript> {
  const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  // Inside node_modules, so that the drivers are found from there.
  const cache = fromRoot("node_modules/.cache");
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, "relatch-processes-"));
  await build({
    entryPoints: [fromRoot(`test/system/processes/${name}.ts`)],
    outdir,
    outExtension: { ".js": ".mjs" },
    tsconfig: fromRoot("tsconfig.json"),
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  const running = new Set<ChildProcess>();
  return {
    start() {
      const child = fork(join(outdir, `${name}.mjs`), { execArgv: [], stdio: "inherit" });
      running.add(child);
      child.once("exit", () => running.delete(child));
      return child;
    },
    async remove() {
      const ends = [...running].map((child) => once(child, "exit"));
      for (const child of running) child.kill("SIGKILL");
      await Promise.all(ends);
      await rm(outdir, { recursive: true });
    },
  };
}
