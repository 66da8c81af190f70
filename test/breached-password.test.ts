import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type BreachedPasswordOptions, breachedPassword } from "../src/breached-password.ts";
import { wrongOptions } from "./helpers/errors.ts";

const PASSWORD = "correct horse battery";
const DIGEST = createHash("sha1").update(PASSWORD).digest("hex").toUpperCase();
const SUFFIX = DIGEST.slice(5);
const OTHER = "00D4F6E8FA6EECAD2A3AA415EEC418D38EC";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server of the range API on this machine; everything it was asked is written down. */
async function serve(answer: string | RequestListener) {
  const asked: IncomingMessage[] = [];
  const listener: RequestListener =
    typeof answer === "string" ? (_, response) => response.end(answer) : answer;
  server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  await new Promise<void>((listening) => server?.listen(0, "127.0.0.1", listening));
  return { asked, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/` };
}

async function judge(answer: string | RequestListener, options: BreachedPasswordOptions = {}) {
  const { asked, endpoint } = await serve(answer);
  const onUnavailable = vi.fn();
  const verdict = await breachedPassword({ endpoint, ...options })(PASSWORD, { onUnavailable });
  return { verdict, asked, unavailable: onUnavailable.mock.calls.flat() };
}

describe("asking", () => {
  test("sends five digits of the digest, asks for padding, and nothing else leaves", async () => {
    const { asked } = await judge(`${OTHER}:1\r\n`);
    const [{ method, url, headers } = {} as IncomingMessage, ...more] = asked;
    expect([method, url, more]).toEqual(["GET", `/range/${DIGEST.slice(0, 5)}`, []]);
    expect(headers).toMatchObject({ "add-padding": "true", "user-agent": "relatch" });
    expect(headers).not.toHaveProperty("cookie");
    const sent = JSON.stringify([url, headers]).toUpperCase();
    for (const secret of [
      DIGEST.slice(0, 6),
      SUFFIX,
      PASSWORD.toUpperCase(),
      encodeURIComponent(PASSWORD).toUpperCase(),
    ]) {
      expect(sent).not.toContain(secret);
    }
  });

  test("takes the password as UTF-8", async () => {
    const { asked, endpoint } = await serve(`${OTHER}:1`);
    await breachedPassword({ endpoint })("пароль-😀", {});
    expect(asked[0]?.url).toBe(
      `/range/${createHash("sha1").update("пароль-😀", "utf8").digest("hex").slice(0, 5).toUpperCase()}`,
    );
  });

  test.each(["/range/", "/range"])("of an endpoint that ends in %s", async (path) => {
    const { asked, endpoint } = await serve(`${OTHER}:1`);
    await breachedPassword({ endpoint: endpoint.replace("/range/", path) })(PASSWORD, {});
    expect(asked[0]?.url).toBe(`/range/${DIGEST.slice(0, 5)}`);
  });
});

describe("the verdict", () => {
  const padding = (lines: number) =>
    Array.from(
      { length: lines },
      (_, line) => `${line.toString(16).toUpperCase().padStart(35, "0")}:0\r\n`,
    ).join("");

  test.each([
    ["in the middle of CRLF lines", `${OTHER}:3\r\n${SUFFIX}:42\r\n${"F".repeat(35)}:1`, "breached"],
    ["on the first line", `${SUFFIX}:1\r\n${OTHER}:3`, "breached"],
    ["on the last line, without an end", `${OTHER}:3\n${SUFFIX}:1`, "breached"],
    ["among padding", `${padding(800)}${SUFFIX}:7\r\n${padding(200)}`, "breached"],
    ["nowhere", `${OTHER}:3\r\n`, undefined],
    ["nowhere, in a single line", `${OTHER}:3`, undefined],
    ["nowhere but in padding, with a count of 0", `${padding(500)}${SUFFIX}:0\r\n`, undefined],
    ["at the end of another line only", `${OTHER}:3\r\n0${SUFFIX.slice(1)}:9\r\n`, undefined],
  ])("on a password that stands %s", async (_, answer, code) => {
    const { verdict, unavailable } = await judge(answer);
    expect(verdict?.code).toBe(code);
    expect(unavailable).toEqual([]);
  });

  test.each([
    [1, 1, "breached"],
    [9, 10, undefined],
    [10, 10, "breached"],
    [11, 10, "breached"],
  ])("seen %i times, with a threshold of %i", async (seen, threshold, code) => {
    const { verdict } = await judge(`${OTHER}:99\r\n${SUFFIX}:${seen}\r\n`, { threshold });
    expect(verdict?.code).toBe(code);
  });

  test("the answer may come in pieces, a line cut in two", async () => {
    const { verdict } = await judge((_, response) => {
      response.write(`${OTHER}:3\r\n${SUFFIX.slice(0, 10)}`);
      setImmediate(() => response.end(`${SUFFIX.slice(10)}:5\r\n`));
    });
    expect(verdict?.code).toBe("breached");
  });
});

const failures: [string, string | RequestListener][] = [
  ["does not answer", () => {}],
  ["stops in the middle of its answer", (_, response) => void response.write(`${OTHER}:3\r\n`)],
  [
    "breaks the connection off in the middle",
    (_, response) => {
      response.writeHead(200, { "Content-Length": 1000 });
      response.write(`${OTHER}:3\r\n`, () => response.destroy());
    },
  ],
  ["hangs up", (request) => void request.socket.destroy()],
  ["answers 500", (_, response) => void response.writeHead(500).end(`${OTHER}:3\r\n`)],
  ["answers 404", (_, response) => void response.writeHead(404).end("not found")],
  ["answers 429", (_, response) => void response.writeHead(429).end()],
  ["answers 204", (_, response) => void response.writeHead(204).end()],
  [
    "redirects",
    (request, response) => {
      if (request.url?.startsWith("/range/")) response.writeHead(302, { Location: "/elsewhere" }).end();
      else response.end(`${OTHER}:3\r\n`);
    },
  ],
  ["answers nothing", ""],
  ["answers with a page", "<!doctype html><title>Sign in to the hotel's network</title>"],
  ["answers with a range in a page", `<pre>\n${OTHER}:3\r\n`],
  ["answers JSON", '{"ok":true}'],
  ["answers in binary", (_, response) => void response.end(Buffer.alloc(1000, 0xff))],
  ["counts in words", `${OTHER}:3\r\n${SUFFIX}:many\r\n`],
  ["counts in dozens", `${OTHER}:3\r\n${SUFFIX}:3dz\r\n`],
  ["counts vaguely", `${OTHER}:3\r\n${SUFFIX}:~3\r\n`],
  ["forgets the count", `${OTHER}:3\r\n${SUFFIX}:`],
  ["forgets even the colon", `${OTHER}:3\r\n${SUFFIX}`],
  [
    "never ends",
    (_, response) => {
      // From Node 26 on an answer whose connection is gone tells so by the error alone.
      const more = (gone?: Error | null) =>
        void (
          gone ||
          response.writableEnded ||
          response.destroyed ||
          response.write(`${OTHER}:3\r\n`.repeat(5000), more)
        );
      more();
    },
  ],
];

describe.each(failures)("a service that %s", (_, answer) => {
  test("lets the password pass by default, and says so", async () => {
    expect(await judge(answer, { timeoutMs: 150 })).toMatchObject({
      verdict: undefined,
      unavailable: ["allowed"],
    });
  });

  test("refuses it where that was asked for, and says so", async () => {
    expect(await judge(answer, { timeoutMs: 150, onUnavailable: "refuse" })).toMatchObject({
      verdict: { code: "breach_check_unavailable" },
      unavailable: ["refused"],
    });
  });
});

test("an oversized answer is not read to its end", async () => {
  let written = 0;
  const { unavailable } = await judge((_, response) => {
    const chunk = `${OTHER}:3\r\n`.repeat(5000);
    const more = (gone?: Error | null) => {
      if (gone || response.destroyed || written > 50_000_000) return response.end();
      written += chunk.length;
      return response.write(chunk, more);
    };
    more();
  });
  expect(unavailable).toEqual(["allowed"]);
  expect(written).toBeLessThan(20_000_000);
});

test("a server that is not there is unavailable too", async () => {
  const { endpoint } = await serve("");
  await new Promise((closed) => server?.close(closed));
  const onUnavailable = vi.fn();
  expect(await breachedPassword({ endpoint })(PASSWORD, { onUnavailable })).toBeUndefined();
  expect(onUnavailable).toHaveBeenCalledWith("allowed");
  // Nobody need listen.
  expect(await breachedPassword({ endpoint })(PASSWORD, {})).toBeUndefined();
});

describe("refuses at construction", () => {
  const NO_URL = 'endpoint is a URL like "https://pwned.example.com/range/"';
  const wholeNumber = (name: string) => `${name} is a whole number from 1 to ${2 ** 31 - 1}`;
  test.each([
    ["null", null, "options of breachedPassword is an object"],
    ["a string", "https://pwned.example.com/range/", "options of breachedPassword is an object"],
    ["an endpoint that is no URL", { endpoint: "pwned.example.com" }, NO_URL],
    ["an endpoint that is no string", { endpoint: 42 }, NO_URL],
    ["an endpoint that is no web server", { endpoint: "data:text/plain," }, NO_URL],
    ["another scheme", { endpoint: "ftp://pwned.example.com/range/" }, NO_URL],
    ["a scheme that ends like it", { endpoint: "xhttp://pwned.example.com/range/" }, NO_URL],
    ["a URL object", { endpoint: new URL("https://pwned.example.com/range/") }, NO_URL],
    ["no time at all", { timeoutMs: 0 }, wholeNumber("timeoutMs")],
    ["less than none", { timeoutMs: -1 }, wholeNumber("timeoutMs")],
    ["NaN", { timeoutMs: Number.NaN }, wholeNumber("timeoutMs")],
    [
      "a time in words, with which every password would pass",
      { timeoutMs: "2000" },
      wholeNumber("timeoutMs"),
    ],
    [
      "half a millisecond, which no timer takes: every password would pass",
      { timeoutMs: 1999.5 },
      wholeNumber("timeoutMs"),
    ],
    ["more time than a timer has", { timeoutMs: 2 ** 31 }, wholeNumber("timeoutMs")],
    ["a threshold of 0, which all padding reaches", { threshold: 0 }, wholeNumber("threshold")],
    ["a threshold of NaN, which nothing reaches", { threshold: Number.NaN }, wholeNumber("threshold")],
    [
      "a threshold without end, which nothing reaches",
      { threshold: Number.POSITIVE_INFINITY },
      wholeNumber("threshold"),
    ],
    ["a threshold in words", { threshold: "1" }, wholeNumber("threshold")],
    ["another word for what to do", { onUnavailable: "ignore" }, 'onUnavailable is one of "allow", "refuse"'],
    ["true for what to do", { onUnavailable: true }, 'onUnavailable is one of "allow", "refuse"'],
  ])("%s", (_, options, message) => {
    expect(() => breachedPassword(options as never)).toThrow(wrongOptions(message));
  });

  test("and no option that is undefined", () => {
    expect(
      breachedPassword({
        endpoint: undefined,
        timeoutMs: undefined,
        threshold: undefined,
        onUnavailable: undefined,
      }),
    ).toBeTypeOf("function");
  });
});
