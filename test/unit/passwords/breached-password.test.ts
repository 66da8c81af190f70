import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { type BreachedPasswordOptions, breachedPassword } from "../../../src/passwords/breached-password.ts";
import { relatchError } from "../../helpers/errors.ts";
import { respondWith, type SeenRequest, serve } from "../mailers/http-service.ts";

const PASSWORD = "correct horse battery";
const DIGEST = createHash("sha1").update(PASSWORD).digest("hex").toUpperCase();
const SUFFIX = DIGEST.slice(5);
const OTHER = "00D4F6E8FA6EECAD2A3AA415EEC418D38EC";

type Respond = string | ((response: ServerResponse) => unknown);

/** Starts a server of the range API on this machine, which records its requests. */
async function serveRange(respond: Respond) {
  const { url, ...service } = await serve(typeof respond === "string" ? respondWith(200, respond) : respond);
  return { ...service, endpoint: `${url}/range/` };
}

async function judge(respond: Respond, options: BreachedPasswordOptions = {}) {
  const { requests, endpoint } = await serveRange(respond);
  const onUnavailable = vi.fn();
  const verdict = await breachedPassword({ endpoint, ...options })(PASSWORD, { onUnavailable });
  return { code: verdict?.code, requests, unavailable: onUnavailable.mock.calls.flat() };
}

describe("breachedPassword asks a server that", () => {
  test("gets five digits of the digest, a request for padding, and nothing else", async () => {
    const { requests } = await judge(`${OTHER}:1\r\n`);
    const [{ method, path, headers } = {} as SeenRequest, ...more] = requests;
    expect([method, path, more]).toEqual(["GET", `/range/${DIGEST.slice(0, 5)}`, []]);
    expect(headers).toMatchObject({ "add-padding": "true", "user-agent": "relatch" });
    expect(headers).not.toHaveProperty("cookie");
    const sent = JSON.stringify([path, headers]).toUpperCase();
    const plain = PASSWORD.toUpperCase();
    for (const secret of [DIGEST.slice(0, 6), SUFFIX, plain, encodeURIComponent(plain)]) {
      expect(sent).not.toContain(secret);
    }
  });

  test.each(["/range/", "/range"])("has the endpoint %s, about the password in UTF-8", async (path) => {
    const { requests, endpoint } = await serveRange(`${OTHER}:1`);
    await breachedPassword({ endpoint: endpoint.replace("/range/", path) })("пароль-😀", {});
    const digest = createHash("sha1").update("пароль-😀", "utf8").digest("hex").toUpperCase();
    expect(requests[0]?.path).toBe(`/range/${digest.slice(0, 5)}`);
  });

  const padding = (count: number) =>
    Array.from({ length: count }, (_, at) => `${at.toString(16).toUpperCase().padStart(35, "0")}:0\r\n`).join("");

  test.each([
    ["in the middle of CRLF lines", "breached", `${OTHER}:3\r\n${SUFFIX}:42\r\n${"F".repeat(35)}:1`],
    ["on the first line", "breached", `${SUFFIX}:1\r\n${OTHER}:3`],
    ["on the last line, without a line break", "breached", `${OTHER}:3\n${SUFFIX}:1`],
    ["among padding", "breached", `${padding(800)}${SUFFIX}:7\r\n${padding(200)}`],
    ["nowhere", undefined, `${OTHER}:3\r\n`],
    ["nowhere, in a single line", undefined, `${OTHER}:3`],
    ["only in padding, with a count of 0", undefined, `${padding(500)}${SUFFIX}:0\r\n`],
    ["only at the end of another line", undefined, `${OTHER}:3\r\n0${SUFFIX.slice(1)}:9\r\n`],
  ])("lists the password %s: %s", async (_, code, response) => {
    expect(await judge(response)).toMatchObject({ code, unavailable: [] });
  });

  test.each([
    [1, 1, "breached"],
    [9, 10, undefined],
    [10, 10, "breached"],
    [11, 10, "breached"],
  ])("has seen the password %i times, with a threshold of %i: %s", async (seen, threshold, code) => {
    expect((await judge(`${OTHER}:99\r\n${SUFFIX}:${seen}\r\n`, { threshold })).code).toBe(code);
  });

  test("responds in pieces, with a line cut in two", async () => {
    const { code } = await judge((response) => {
      response.write(`${OTHER}:3\r\n${SUFFIX.slice(0, 10)}`);
      setImmediate(() => response.end(`${SUFFIX.slice(10)}:5\r\n`));
    });
    expect(code).toBe("breached");
  });

  /** Writes 5,000 lines again and again, until the client is gone or `limit` bytes are written. */
  const flood =
    (written = { bytes: 0 }, limit = 50_000_000) =>
    (response: ServerResponse) => {
      const chunk = `${OTHER}:3\r\n`.repeat(5000);
      // From Node.js 26 on, a response whose connection is gone reports it by the error alone.
      const write = (gone?: Error | null) => {
        if (gone || response.destroyed || written.bytes > limit) return void response.end();
        written.bytes += chunk.length;
        response.write(chunk, write);
      };
      write();
    };

  const line = `${OTHER}:3\r\n`;
  const failures: [string, Respond][] = [
    ["does not respond", () => {}],
    ["stops in the middle of its response", (response) => response.write(line)],
    [
      "breaks the connection in the middle",
      (response) => response.writeHead(200, { "Content-Length": 1000 }).write(line, () => response.destroy()),
    ],
    ["hangs up", (response) => response.destroy()],
    ["responds with status 500", respondWith(500, line)],
    ["responds with status 404", respondWith(404, "not found")],
    ["responds with status 429", respondWith(429)],
    ["responds with status 204", respondWith(204, "")],
    [
      "redirects",
      (response) =>
        respondWith(response.req.url === "/elsewhere" ? 200 : 302, line, { Location: "/elsewhere" })(response),
    ],
    ["responds with nothing", ""],
    ["responds with a page", "<!doctype html><title>Sign in to the hotel's network</title>"],
    ["responds with a range in a page", `<pre>\n${line}`],
    ["responds with JSON", '{"ok":true}'],
    ["responds with bytes", (response) => response.end(Buffer.alloc(1000, 0xff))],
    ["counts in words", `${line}${SUFFIX}:many\r\n`],
    ["counts in dozens", `${line}${SUFFIX}:3dz\r\n`],
    ["counts vaguely", `${line}${SUFFIX}:~3\r\n`],
    ["forgets the count", `${line}${SUFFIX}:`],
    ["forgets even the colon", `${line}${SUFFIX}`],
    ["never stops", flood()],
  ];

  test.each(failures)("%s, and accepts or refuses the password as configured, with an event", async (_, respond) => {
    const accepted = await judge(respond, { timeoutMs: 150 });
    expect(accepted).toMatchObject({ code: undefined, unavailable: ["allowed"] });
    const refused = await judge(respond, { timeoutMs: 150, onUnavailable: "refuse" });
    expect(refused).toMatchObject({ code: "breach_check_unavailable", unavailable: ["refused"] });
  });

  test("sends too much, and does not read it to the end", async () => {
    const written = { bytes: 0 };
    expect((await judge(flood(written))).unavailable).toEqual(["allowed"]);
    expect(written.bytes).toBeLessThan(20_000_000);
  });

  test("does not listen, with or without a listener for the event", async () => {
    const { endpoint, close } = await serveRange("");
    await close();
    const onUnavailable = vi.fn();
    expect(await breachedPassword({ endpoint })(PASSWORD, { onUnavailable })).toBeUndefined();
    expect(onUnavailable).toHaveBeenCalledWith("allowed");
    expect(await breachedPassword({ endpoint })(PASSWORD, {})).toBeUndefined();
  });
});

describe("the options of breachedPassword", () => {
  const NOT_WEB_URLS = [
    ...["pwned.example.com", "data:text/plain,", "ftp://pwned.example.com/", "xhttp://pwned.example.com/", 42],
    new URL("https://pwned.example.com/range/"),
  ];
  test.each([
    ...[null, "https://pwned.example.com/range/"].map((options) => [options, "object"]),
    ...NOT_WEB_URLS.map((endpoint) => [{ endpoint }, "endpoint"]),
    // With a timeout that no timer takes, every password would pass.
    ...[0, -1, Number.NaN, "2000", 1999.5, 2 ** 31].map((timeoutMs) => [{ timeoutMs }, "timeoutMs"]),
    // All padding would reach a threshold of 0, and nothing one of NaN.
    ...[0, Number.NaN, Number.POSITIVE_INFINITY, "1"].map((threshold) => [{ threshold }, "threshold"]),
    ...["ignore", true].map((onUnavailable) => [{ onUnavailable }, "onUnavailable"]),
    [{ timeout: 1000 }, "timeout"],
  ] as [never, string][])("refuse %o", (options, keyword) => {
    expect(() => breachedPassword(options)).toThrow(relatchError("ERR_OPTIONS", keyword) as Error);
  });

  test("may be undefined", () => {
    const rest = { threshold: undefined, onUnavailable: undefined };
    expect(breachedPassword({ endpoint: undefined, timeoutMs: undefined, ...rest })).toBeTypeOf("function");
  });
});
