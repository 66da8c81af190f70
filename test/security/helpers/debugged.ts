import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { onTestFinished } from "vitest";
import { Client } from "../../e2e/client.ts";

export interface DebuggedServer {
  client: Client;
  /** The token of the next mail. */
  nextToken(): Promise<string>;
}

/**
 * Runs servers in a process of their own that logs all it can (NODE_DEBUG=*), and answers all that it wrote, once it
 * has ended. A careless one logs its mails, by NODE_DEBUG=mailer.
 */
export async function debugged(
  isCareless: boolean,
  visit: (server: DebuggedServer) => Promise<void>,
): Promise<string> {
  const child = fork(await bundle(), isCareless ? ["careless"] : [], {
    execArgv: [],
    silent: true,
    env: { ...process.env, NODE_DEBUG: isCareless ? "mailer" : "*" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => output.push(chunk));
  const ended = once(child, "close");

  const tokens: string[] = [];
  const ports: number[] = [];
  let wake = () => {};
  child.on("message", (message: { token?: string; port?: number }) => {
    if (message.token) tokens.push(message.token);
    if (message.port) ports.push(message.port);
    wake();
  });
  const until = async (isThere: () => boolean) => {
    while (!isThere()) {
      if (child.exitCode !== null) throw new Error(`it ended: ${Buffer.concat(output).subarray(-2000)}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        child.once("exit", resolve);
      });
    }
  };
  await until(() => ports.length === 2);
  for (const port of ports) {
    const nextToken = async () => {
      await until(() => tokens.length > 0);
      return tokens.shift() ?? "";
    };
    await visit({ client: new Client(port), nextToken });
  }
  child.send("end");
  await ended;
  return Buffer.concat(output).toString();
}

/** The script as one file, which a process without any loader can start. */
async function bundle(): Promise<string> {
  const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  // Inside node_modules, so that packages are found from there.
  const cache = fromRoot("node_modules/.cache");
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, "relatch-debugged-"));
  onTestFinished(() => rm(outdir, { recursive: true }));
  const outfile = join(outdir, "debugged.mjs");
  await build({
    entryPoints: [fromRoot("test/security/helpers/debugged.child.ts")],
    outfile,
    tsconfig: fromRoot("tsconfig.json"),
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  return outfile;
}
