import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { binaryOf, type CommandRuntime, commandOf, packageVersion, versionOf } from "./binaries.ts";
import { root, work } from "./built-package.ts";
import { bundlePlain, bundleSuite } from "./bundle.ts";
import { reportOf } from "./command.ts";
import { ofTheSuite } from "./exceptions.ts";
import type { RuntimeRun } from "./results.ts";
import { testFiles } from "./test-files.ts";

/** Vitest itself, run by the runtime. Nothing where the runtime has no package for this platform. */
export async function suiteOn(runtime: CommandRuntime, services: string): Promise<RuntimeRun | undefined> {
  const binary = binaryOf(runtime);
  if (!binary) return undefined;
  const version = versionOf(binary);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = join(import.meta.dirname, "vitest.config.ts");
  const report = await reportOf([...commandOf(runtime, binary), vitest, "run", "--config", config], {
    cwd: root,
    file: join(work, `suite-${runtime.replace(" ", "-")}.json`),
    env: {
      RELATCH_RUNTIME: `${runtime.split(" ")[0]} ${version}`,
      RELATCH_SERVICES: services,
      DENO_DIR: join(work, "deno"),
    },
  });
  const sqlite = runtime === "node 20" ? "libsql" : runtime === "bun" ? "bun:sqlite" : "node:sqlite";
  return { runtime, version, database: sqlite, report };
}

/** Runs Vitest's runner in a Worker, started by Miniflare, which needs Node.js 22. */
export async function suiteOnWorkerd(services: string): Promise<RuntimeRun | undefined> {
  const node = binaryOf("node 22");
  if (!node) return undefined;
  const exceptions = ofTheSuite.filter(({ runtime }) => runtime === "workerd");
  const files = testFiles.filter((file) => !exceptions.some(({ cases }) => cases.test(file)));
  const [suite, plain] = [join(work, "suite-worker.js"), join(work, "plain-worker.js")];
  writeFileSync(suite, await bundleSuite(files));
  writeFileSync(plain, await bundlePlain());
  const report = await reportOf([node, join(import.meta.dirname, "workerd/host.mjs"), suite, plain, ...files], {
    cwd: root,
    file: join(work, "suite-workerd.json"),
    env: { RELATCH_SERVICES: services },
  });
  return { runtime: "workerd", version: packageVersion("workerd"), database: "D1", report };
}
