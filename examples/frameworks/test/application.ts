import { afterEach, beforeEach, vi } from "vitest";

/** A framework with the routes in it, for one test. */
export interface Opened {
  /** Hands a request to the framework as if it came from the client with this address. */
  send(request: Request, ip: string): Promise<Response>;
  close?(): Promise<unknown>;
  /** Waits for the emails. Default: those of password-reset.ts. */
  drain?(): Promise<unknown>;
}

export const ORIGIN = "https://app.example.com";
export const MIKE = "mike@example.org";
export const CLIENT = "192.0.2.1";
export const PASSWORD = "correct horse battery";

/** Opens the application of password-reset.ts anew for every test. */
export function eachTestOpens(open: () => Promise<Opened>) {
  let opened: Opened;
  let application: typeof import("../password-reset.ts");

  beforeEach(async () => {
    vi.resetModules();
    opened = await open();
    application = await import("../password-reset.ts");
  });
  afterEach(() => opened.close?.());

  return {
    browser: (ip = CLIENT) => new Browser((request) => opened.send(request, ip)),
    application: () => application,
    /** Returns the token of the newest link. */
    async readToken(): Promise<string> {
      await (opened.drain ?? application.passwordReset.drain)();
      return application.ports.mailer.lastToken(MIKE) ?? "";
    },
  };
}

type Fields = Record<string, string>;

/** A browser as far as these pages need one: it keeps cookies and names its origin. */
export class Browser {
  readonly #send: (request: Request) => Promise<Response>;
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();

  constructor(send: (request: Request) => Promise<Response>, origin = ORIGIN) {
    this.#send = send;
    this.#origin = origin;
  }

  get = (path: string): Promise<Response> => this.#request(path, { method: "GET" });

  /** Follows the redirects of this site, of which there are few. */
  async follow(response: Response): Promise<Response> {
    let next = response;
    for (let n = 0; n < 3 && next.status === 303; n++) next = await this.get(locationOf(next) ?? "");
    return next;
  }

  /** Submits a form of this site. */
  submit = (path: string, fields: Fields, headers: Fields = {}): Promise<Response> =>
    this.#request(path, {
      method: "POST",
      headers: { Origin: this.#origin, "Content-Type": "application/x-www-form-urlencoded", ...headers },
      body: String(new URLSearchParams(fields)),
    });

  post = (path: string, body: unknown, headers: Fields = {}): Promise<Response> =>
    this.#request(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  cookie = (name: string): string | undefined => this.#cookies.get(name);

  async #request(path: string, init: { method: string; headers?: Fields; body?: string }): Promise<Response> {
    const headers = new Headers(init.headers);
    if (init.body !== undefined) headers.set("Content-Length", String(Buffer.byteLength(init.body)));
    if (this.#cookies.size > 0) headers.set("Cookie", [...this.#cookies].map((pair) => pair.join("=")).join("; "));
    const response = await this.#send(new Request(new URL(path, this.#origin), { ...init, headers }));
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/; Max-Age=0\b|; Expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

/** Returns the value of a field in a page. */
export const readField = (html: string, name: string): string =>
  new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(html)?.[1] ?? "";

/** Reads a body as JSON. */
export const readJson = async (response: Request | Response) => (await response.json()) as Record<string, string>;

/** Returns where a response leads. */
export const locationOf = ({ headers }: Response): string | null => headers.get("Location");
