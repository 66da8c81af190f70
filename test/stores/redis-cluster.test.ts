import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Cluster } from "ioredis";
import { redisTokens } from "relatch/redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../services.ts";
import { record, tokenStoreSuite } from "./token-store-suite.ts";

const run = promisify(execFile);
const missing = await run("redis-server", ["--version"]).then(
  () => undefined,
  () => "no redis-server binary",
);

describeUnless(missing, "redisTokens on a Redis Cluster of three", () => {
  let cluster: Cluster;
  let stop = async () => {};
  beforeAll(async () => {
    const nodes = await startNodes(3);
    stop = nodes.stop;
    cluster = new Cluster(nodes.ports.map((port) => ({ host: "127.0.0.1", port })));
    await joined(cluster);
  }, 60_000);
  afterAll(async () => {
    cluster?.disconnect();
    await stop();
  });
  const tokens = () => redisTokens(([name, ...args]) => cluster.call(name, ...args));

  tokenStoreSuite(tokens, { expiresByItself: true });

  test("the keys are on all three nodes", async () => {
    for (let user = 0; user < 50; user++) await tokens().save(record({ userId: `spread${user}` }));
    const sizes = await Promise.all(cluster.nodes("master").map((node) => node.dbsize()));
    expect(sizes).toHaveLength(3);
    expect(Math.min(...sizes)).toBeGreaterThan(0);
  });

  test("the control: a command with the keys of two nodes is refused", async () => {
    await expect(cluster.mget("t:a", "u:b", "u:c")).rejects.toThrow(/same slot|CROSSSLOT/);
  });
});

/** Empty servers on free ports, each with a third of the slots, that know each other. */
async function startNodes(count: number) {
  const directory = mkdtempSync(join(tmpdir(), "relatch-cluster-"));
  const ports = await freePorts(count * 2);
  const servers = Array.from({ length: count }, (_, n) => {
    const [port, busPort] = [ports[2 * n], ports[2 * n + 1]];
    const options = { port, "cluster-port": busPort, dir: directory, save: "", bind: "127.0.0.1" };
    const cluster = { "cluster-enabled": "yes", "cluster-config-file": `nodes-${port}.conf` };
    const args = Object.entries({ ...options, ...cluster }).flatMap(([name, value]) => [
      `--${name}`,
      `${value}`,
    ]);
    const process = spawn("redis-server", args, { stdio: "ignore" });
    return {
      port: port!,
      busPort: busPort!,
      process,
      ended: new Promise((end) => process.once("exit", end)),
    };
  });
  const stop = async () => {
    for (const { process } of servers) process.kill("SIGKILL");
    await Promise.all(servers.map(({ ended }) => ended));
    rmSync(directory, { recursive: true, force: true });
  };
  const cli = (port: number, ...args: (string | number)[]) =>
    run("redis-cli", ["-p", `${port}`, ...args.map(String)]);
  try {
    const share = Math.ceil(16_384 / count);
    for (const [n, { port }] of servers.entries()) {
      await eventually(async () => expect((await cli(port, "ping")).stdout.trim()).toBe("PONG"));
      await cli(port, "cluster", "addslotsrange", n * share, Math.min((n + 1) * share, 16_384) - 1);
      const first = servers[0]!;
      if (n > 0) await cli(port, "cluster", "meet", "127.0.0.1", first.port, first.busPort);
    }
    for (const { port } of servers)
      await eventually(async () => {
        const { stdout } = await cli(port, "cluster", "info");
        expect(stdout).toContain("cluster_state:ok");
        expect(stdout).toContain(`cluster_known_nodes:${count}`);
      });
    return { ports: servers.map(({ port }) => port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

const joined = (cluster: Cluster) => eventually(async () => expect(cluster.nodes("master")).toHaveLength(3));

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 200; ; tries--) {
    try {
      return await check();
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
