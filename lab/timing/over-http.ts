import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { onCore } from "./cores.ts";
import { record } from "./in-process.ts";
import { type Counts, type Schedule, schedule } from "./schedule.ts";
import type { ServerOptions } from "./server.ts";
import type { Stream } from "./stream.ts";
import { openWire } from "./wire.ts";

export interface OverHttpOptions extends Pick<ServerOptions, "framework" | "io" | "dispatcher" | "computing"> {
  counts: Counts;
  warmUp: number;
  /** Milliseconds from one request to the next; 0 for back to back. */
  pace: number;
}

/** Microseconds. */
export const PLANTED = 1000;

/** Sends requests one after the other, over one connection to a server in its own process. */
export async function overHttp({ counts, warmUp, pace, ...options }: OverHttpOptions): Promise<Stream> {
  const plan = schedule(counts, warmUp);
  const server = await startServer({ ...options, accounts: plan.accounts, throttled: plan.throttled });
  try {
    const wire = await openWire(server.port);
    const times = new Float64Array(plan.states.length);
    for (let index = 0; index < times.length; index++) {
      const began = performance.now();
      times[index] = Math.round(1e6 * (await wire.exchange(requestOf(plan, index, options.framework))));
      if (pace > 0) await until(began + pace);
    }
    wire.close();
    return record(plan, times);
  } finally {
    await server.stop();
  }
}

/** Pages from Express, JSON from Hono. All requests of a run have the same length. */
function requestOf(plan: Schedule, index: number, framework: ServerOptions["framework"]): Buffer {
  const email = plan.addresses[index] as string;
  const [type, body] =
    framework === "express"
      ? ["application/x-www-form-urlencoded", `email=${encodeURIComponent(email)}`]
      : ["application/json", JSON.stringify({ email })];
  const lines = [
    "POST /password_reset HTTP/1.1",
    "Host: localhost",
    "Sec-Fetch-Site: same-origin",
    `X-Client: ${plan.clients[index]}`,
    `X-Spin: ${plan.planted[index] === 1 ? PLANTED : "0000"}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

async function until(instant: number): Promise<void> {
  const left = instant - performance.now();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
}

async function startServer(options: ServerOptions): Promise<{ port: number; stop(): Promise<void> }> {
  const [command, ...args] = onCore("server", [process.execPath, process.argv[1] as string, "server"]);
  const child: ChildProcess = spawn(command as string, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = once(child, "exit");
  child.send(options);
  const [port] = await Promise.race([
    once(child, "message"),
    ended.then(() => {
      throw new Error("the server did not start");
    }),
  ]);
  return {
    port: port as number,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
