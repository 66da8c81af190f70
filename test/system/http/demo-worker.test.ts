import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { expect, onTestFinished, test, vi } from "vitest";
import { sampleUsers } from "../../../examples/shared/sample-users.ts";
import { root } from "../../helpers/docs.ts";

// The Worker of examples/hono, with D1 over libsql. lab/runtimes runs it on workerd.

// scrypt takes its time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const [mike] = sampleUsers;
const KEYS = { RESEND_KEY: "re_test", MAIL_FROM: "Acme <noreply@acme.example>" };

type Variables = Record<string, string>;

/** Loads the Worker with these variables. */
async function loadWorker(variables: Variables) {
  const db = new Database(":memory:");
  onTestFinished(() => void db.close());
  const waiting: Promise<unknown>[] = [];
  vi.resetModules();
  vi.doMock("cloudflare:workers", () => ({
    env: { DB: d1Over(db), ...variables },
    waitUntil: (work: Promise<unknown>) => void waiting.push(work),
  }));
  vi.spyOn(console, "log").mockReturnValue();
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.doUnmock("cloudflare:workers");
    vi.resetModules();
  });
  const { default: worker } = await import("../../../examples/hono/worker.ts");
  const origin = variables["ORIGIN"] ?? "";
  return {
    get: (path: string, host = origin) => worker.fetch(new Request(host + path)),
    post: (path: string, fields: Variables) => {
      const headers = { Origin: origin, "CF-Connecting-IP": "192.0.2.1" };
      return worker.fetch(new Request(origin + path, { method: "POST", headers, body: new URLSearchParams(fields) }));
    },
    /** Waits for the work behind the responses. */
    async settle() {
      while (waiting.length > 0) await Promise.all(waiting.splice(0));
    },
  };
}

function d1Over(db: Database.Database): object {
  const d1 = {
    batch: async () => [],
    withSession: () => d1,
    prepare: (statement: string) => ({
      bind: (...values: (string | number)[]) => ({
        first: async () => db.prepare(statement).get(...values) ?? null,
        run: async () => {
          if (/^SELECT/.test(statement)) return { results: db.prepare(statement).all(...values), meta: {} };
          return { results: [], meta: { changes: Number(db.prepare(statement).run(...values).changes) } };
        },
      }),
    }),
  };
  return d1;
}

/** Returns the variables of a file as `wrangler dev` reads it. */
const readVariables = (file: string): Variables =>
  Object.fromEntries(
    [...readFileSync(join(root, file), "utf8").matchAll(/^(\w+)="(.*)"$/gm)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]),
  );

const DEVELOPMENT = readVariables("examples/hono/.dev.vars");

test("in development, the Worker shows emails at /dev/mail, and the requests that led to none", async () => {
  const { get, post, settle } = await loadWorker(DEVELOPMENT);
  expect((await get("/login")).status).toBe(200);
  for (let n = 0; n < 2; n++) {
    expect((await post("/password_reset", { email: mike.email })).status).toBe(200);
    await settle();
  }
  const page = await (await get("/dev/mail")).text();
  expect(page.match(/Reset your Acme password/g)).toHaveLength(1);
  expect(page).toContain("Another request for the same address was not emailed");
  const link = /http:\S+?(\/password_reset\/[\w-]+)/.exec(await (await get("/dev/mail/1")).text())?.[1] ?? "";
  expect((await get(link)).headers.get("Set-Cookie")).toMatch(/^password_reset=/);
});

test("the variables of development are in no file that is deployed", () => {
  const deployed = readFileSync(join(root, "examples/hono/wrangler.jsonc"), "utf8");
  expect(deployed).not.toContain("DEVELOPMENT");
  expect(deployed).not.toMatch(/^ *"vars"/m);
});

test("with the variables of development, the Worker serves nothing at a public host", async () => {
  const { get } = await loadWorker(DEVELOPMENT);
  for (const path of ["/dev/mail", "/login", "/password_reset"]) {
    expect((await get(path, "https://relatch-demo.acme.workers.dev")).status).toBe(503);
  }
});

test.each<[string, Variables]>([
  ["nothing", {}],
  ["an origin on localhost", { ...KEYS, ORIGIN: "http://localhost:8787" }],
  ["an origin without a mail service", { ORIGIN: "https://app.example.com" }],
  ["a public origin and DEVELOPMENT", { ...KEYS, ORIGIN: "https://app.example.com", DEVELOPMENT: "true" }],
  ["a public origin that looks local", { ORIGIN: "https://localhost.example.com", DEVELOPMENT: "true" }],
])("with %s, the Worker refuses to start", async (_, variables) => {
  await expect(loadWorker(variables)).rejects.toThrow("Set ORIGIN");
});

test("in production, the Worker has no /dev/mail and no sample user", async () => {
  const sent = vi.spyOn(globalThis, "fetch").mockResolvedValue(Response.json({}));
  const { get, post, settle } = await loadWorker({ ...KEYS, ORIGIN: "https://app.example.com" });
  for (const path of ["/dev/mail", "/dev/mail/1", "/dev/mail/1/html"]) expect((await get(path)).status).toBe(404);
  expect(await (await get("/login")).text()).not.toContain("/dev/mail");
  expect((await post("/login", { email: mike.email, password: mike.password })).status).toBe(400);
  expect((await post("/password_reset", { email: mike.email })).status).toBe(200);
  await settle();
  expect(sent).not.toHaveBeenCalled();
});
