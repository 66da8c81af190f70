import { afterEach, beforeEach, expect, vi } from "vitest";

/** A framework with the routes in it, for one test. */
export interface Opened {
  /** Hands a request to the framework as if it came from the client with this address. */
  send(request: Request, ip: string): Promise<Response>;
  close?(): Promise<unknown>;
  /** How many faults were logged, where that is not the console. */
  faults?(): number;
}

interface Posting {
  headers?: Record<string, string>;
  ip?: string;
  chunked?: boolean;
}

export const ORIGIN = "https://app.example.com";
export const MIKE = "mike@example.org";
export const CLIENT = "192.0.2.1";
// What belongs to one connection, and not to the answer.
const PER_CONNECTION = ["date", "connection", "keep-alive", "transfer-encoding"];

/** An application for every test of a suite, with nothing left in it of the test before. */
export function eachTestOpens(base: string, open: () => Promise<Opened>) {
  let opened: Opened;
  let application: typeof import("../password-reset.ts");

  beforeEach(async () => {
    vi.resetModules();
    vi.spyOn(console, "error").mockReturnValue();
    opened = await open();
    application = await import("../password-reset.ts");
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await opened.close?.();
  });

  /** Posts a body as it is, and judges what all answers have in common. */
  async function postRaw(path: string, content: string, { headers, ip = CLIENT, chunked }: Posting = {}) {
    const bytes = new TextEncoder().encode(content);
    const request = new Request(`${ORIGIN}${base}${path}`, {
      method: "POST",
      body: chunked ? new Blob([bytes]).stream() : bytes,
      headers: { ...(chunked ? {} : { "content-length": String(bytes.byteLength) }), ...headers },
      duplex: "half",
    });
    const answer = await opened.send(request, ip);
    const text = await answer.text();
    const body = JSON.parse(text) as Record<string, unknown>;
    const { status } = answer;

    const type = answer.ok ? "application/json" : "application/problem+json";
    expect(answer.headers.get("content-type")?.split(";")[0]).toBe(type);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("set-cookie")).toBeNull();
    if (!answer.ok) expect(body).toMatchObject({ status, title: expect.any(String) });

    const lasting = [...answer.headers].filter(([header]) => !PER_CONNECTION.includes(header)).sort();
    return { status, headers: answer.headers, body, everything: JSON.stringify([status, lasting, text]) };
  }

  const post = (path: string, fields: unknown, { headers, ...posting }: Posting = {}) => {
    const json = { "content-type": "application/json", ...headers };
    return postRaw(path, JSON.stringify(fields), { ...posting, headers: json });
  };

  /** The kinds of all mails so far. */
  async function mails() {
    await application.passwordReset.drain();
    return application.ports.mailer.sent.map(({ kind }) => kind);
  }

  return {
    post,
    postRaw,
    mails,
    ports: () => application.ports,
    sessions: () => application.sessions,
    faults: () => opened.faults?.() ?? vi.mocked(console.error).mock.calls.length,
    /** The token of a link that was asked for over the routes. */
    async newToken() {
      expect((await post("", { email: MIKE })).body).toEqual({ ok: true });
      expect(await mails()).toEqual(["reset_link"]);
      return application.ports.mailer.lastLink(MIKE)?.split("/").at(-1) ?? "";
    },
  };
}

/** Status and reason of an answer that is a refusal. */
export async function refusal(answer: Promise<{ status: number; body: Record<string, unknown> }>) {
  const { status, body } = await answer;
  return `${status} ${body["reason"]}`;
}
