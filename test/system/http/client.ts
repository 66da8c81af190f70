import { type IncomingHttpHeaders, request } from "node:http";
import { request as secureRequest } from "node:https";
import { connect } from "node:net";

/** A response as it came over the wire. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The Set-Cookie lines. */
  cookies: readonly string[];
  body: string;
}

export interface Sent {
  headers?: Record<string, string> | undefined;
  /** Posted as a form. An array of pairs may name a field twice. */
  form?: Record<string, string> | readonly (readonly [string, string])[];
  /** Posted as JSON. */
  json?: unknown;
  body?: string | Uint8Array | undefined;
  /** Sent in the request line instead of the path. */
  target?: string;
}

/** Sends one request, and nothing more. */
export type Transport = (request: {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Uint8Array | undefined;
}) => Promise<Omit<Answer, "cookies">>;

/**
 * A minimal browser: it has a cookie jar and sends forms from the pages of the site. It follows no redirects by itself and
 * sends every header as told, even `Host`.
 */
export class Client {
  readonly #base: URL;
  readonly #transport: Transport;
  readonly #always: Record<string, string>;
  readonly #jar = new Map<string, { value: string; path: string }>();

  /** Sends every request to this origin or loopback port, whatever host the URL names, and adds these headers. */
  constructor(base: number | string | Transport, always: Record<string, string> = {}) {
    this.#base = new URL(typeof base === "string" ? base : `http://127.0.0.1:${Number(base) || 0}`);
    this.#transport = typeof base === "function" ? base : overWire(this.#base);
    this.#always = always;
  }

  get = (path: string, headers?: Record<string, string>): Promise<Answer> => this.send("GET", path, { headers });

  post(path: string, form: NonNullable<Sent["form"]>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("POST", path, { form, headers: { "Sec-Fetch-Site": "same-origin", ...headers } });
  }

  /** Posts JSON as programs do, without a header about the origin. */
  json(path: string, json: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.send("POST", path, { json, headers });
  }

  /** Follows a redirect, and those that come after it. */
  async follow(answer: Answer): Promise<Answer> {
    const { location } = answer.headers;
    if (location === undefined) throw new Error(`Status ${answer.status} is not a redirect.`);
    let next = await this.get(location);
    for (let hops = 0; next.headers.location !== undefined && hops < 5; hops++)
      next = await this.get(next.headers.location);
    return next;
  }

  async send(method: string, url: string, { headers = {}, form, json, body, target }: Sent = {}): Promise<Answer> {
    const { pathname, search } = new URL(url, "http://localhost");
    const cookie = this.#cookiesFor(pathname);
    const fields = form && String(new URLSearchParams(form as Record<string, string>));
    const content = fields ?? (json === undefined ? body : JSON.stringify(json));
    const answer = await this.#transport({
      method,
      path: target ?? pathname + search,
      headers: {
        ...(cookie && { Cookie: cookie }),
        ...(form && { "Content-Type": "application/x-www-form-urlencoded" }),
        ...(json !== undefined && { "Content-Type": "application/json" }),
        ...this.#always,
        ...headers,
      },
      body: content,
    });
    const cookies = answer.headers["set-cookie"] ?? [];
    for (const line of cookies) this.#keep(line);
    return { ...answer, cookies };
  }

  /** Writes bytes to a new connection and returns everything received until it closes. */
  raw(bytes: string | Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = "";
      const socket = connect(Number(this.#base.port), this.#base.hostname, () => socket.write(bytes));
      // Not at once: Node.js takes the end of what a client says for its departure, and does not respond any more.
      const end = setTimeout(() => socket.end(), 1000);
      socket.setEncoding("latin1").setTimeout(3000, () => socket.destroy());
      socket.on("data", (text) => {
        answer += text;
      });
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") reject(error);
      });
      socket.on("close", () => {
        clearTimeout(end);
        resolve(answer);
      });
    });
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split(/;\s*/);
    const [name = "", value = ""] = pair.split("=");
    const attribute = (key: string) => attributes.find((part) => part.startsWith(`${key}=`))?.slice(key.length + 1);
    const expires = attribute("Expires");
    const over = attribute("Max-Age") === "0" || (expires && Date.parse(expires) <= Date.now());
    if (over) this.#jar.delete(name);
    else this.#jar.set(name, { value, path: attribute("Path") ?? "/" });
  }

  #cookiesFor(path: string): string {
    const matching = [...this.#jar].filter(([, cookie]) => {
      const base = cookie.path.endsWith("/") ? cookie.path : `${cookie.path}/`;
      return path === cookie.path || path.startsWith(base);
    });
    return matching.map(([name, { value }]) => `${name}=${value}`).join("; ");
  }
}

function overWire(base: URL): Transport {
  const open = base.protocol === "https:" ? secureRequest : request;
  return ({ method, path, headers, body }) => {
    const isMeasured = body !== undefined && !("Transfer-Encoding" in headers);
    const length = isMeasured ? { "Content-Length": String(Buffer.byteLength(body)) } : {};
    return new Promise((resolve, reject) => {
      const options = { method, path, agent: false, headers: { ...length, ...headers } };
      const outgoing = open(base, options, async (incoming) => {
        const chunks = await incoming.setEncoding("utf8").toArray();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: chunks.join("") });
      });
      outgoing.on("error", reject).end(body);
    });
  };
}

/** Hands requests to a function of this process, as a server on `origin` would. */
export const inProcess =
  (origin: string, handle: (request: Request) => Promise<Response>): Transport =>
  async ({ method, path, headers, body }) => {
    const isStream = "Transfer-Encoding" in headers && body !== undefined;
    const content = isStream ? ReadableStream.from([Buffer.from(body)]) : body;
    const init = { method, headers, body: content ?? null, duplex: "half" } as RequestInit;
    const response = await handle(new Request(origin + path, init));
    return {
      status: response.status,
      headers: { ...Object.fromEntries(response.headers), "set-cookie": response.headers.getSetCookie() },
      body: await response.text(),
    };
  };

/** Returns an attribute of the first matching element, as in `attribute(html, 'name="handle"', "value")`. */
export function attribute(html: string, mark: string, name: string): string | undefined {
  const tag = html.match(/<[a-z][^>]*>/g)?.find((candidate) => candidate.includes(mark));
  return tag?.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1];
}
