import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Cluster } from "ioredis";
import { redisTokens } from "relatch/redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFreePort } from "../../helpers/ports.ts";
import { describeUnless } from "../../helpers/services.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

const run = promisify(execFile);
const missing = await run("redis-server", ["--version"]).then(
  () => undefined,
  () => "redis-server is not installed.",
);

describeUnless(missing, "redisTokens on a Redis Cluster of three", () => {
  let cluster: Cluster;
  let stop = async () => {};
  beforeAll(async () => {
    const nodes = await startNodes();
    stop = nodes.stop;
    cluster = new Cluster(nodes.ports.map((port) => ({ host: "127.0.0.1", port })));
    await retry(async () => expect(cluster.nodes("master")).toHaveLength(3));
  }, 60_000);
  afterAll(async () => {
    cluster?.disconnect();
    await stop();
  });
  const tokens = () => redisTokens(([name, ...args]) => cluster.call(name, ...args));

  tokenStoreSuite(tokens, { expiresByItself: true });

  test("redisTokens spreads its keys over all three nodes", async () => {
    for (let user = 0; user < 50; user++) await tokens().save(record({ userId: `spread${user}` }));
    const sizes = await Promise.all(cluster.nodes("master").map((node) => node.dbsize()));
    expect(sizes).toHaveLength(3);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  test("the cluster refuses a command with keys of two nodes (control)", async () => {
    await expect(cluster.mget("t:a", "u:b", "u:c")).rejects.toThrow(/same slot|CROSSSLOT/);
  });
});

/** Starts three empty servers on free ports and joins them, each with a third of the slots. */
async function startNodes() {
  const directory = mkdtempSync(join(tmpdir(), "relatch-cluster-"));
  const servers: { port: number; process: ChildProcess; ended: Promise<unknown> }[] = [];
  for (let n = 0; n < 3; n++) {
    const [port, busPort] = [await findFreePort(), await findFreePort()];
    const settings = ["--port", port, "--cluster-port", busPort, "--bind", "127.0.0.1", "--dir", directory];
    const cluster = ["--save", "", "--cluster-enabled", "yes", "--cluster-config-file", `nodes-${port}.conf`];
    const process = spawn("redis-server", [...settings, ...cluster].map(String), { stdio: "ignore" });
    servers.push({ port, process, ended: once(process, "exit") });
  }
  const stop = async () => {
    for (const { process } of servers) process.kill("SIGKILL");
    await Promise.all(servers.map(({ ended }) => ended));
    rmSync(directory, { recursive: true, force: true });
  };
  const ports = servers.map(({ port }) => port);
  try {
    for (const port of ports) await retry(() => run("redis-cli", ["-p", `${port}`, "ping"]));
    const nodes = ports.map((port) => `127.0.0.1:${port}`);
    await run("redis-cli", ["--cluster", "create", ...nodes, "--cluster-yes"]);
    return { ports, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function retry(check: () => Promise<unknown>): Promise<void> {
  for (let attemptsLeft = 200; ; attemptsLeft--) {
    try {
      await check();
      return;
    } catch (error) {
      if (attemptsLeft === 0) throw error;
      await pause(100);
    }
  }
}
