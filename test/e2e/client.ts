import { type IncomingHttpHeaders, request } from "node:http";
import { request as secureRequest } from "node:https";
import { connect } from "node:net";

/** An answer as it came over the wire. */
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

/**
 * As much of a browser as these tests need: a cookie jar, forms sent from the site's own pages. It follows no
 * redirects, and sends every header as it is told, `Host` included.
 */
export class Client {
  readonly #base: URL;
  readonly #always: Record<string, string>;
  readonly #jar = new Map<string, { value: string; path: string }>();

  /**
   * Every URL is asked for at this origin, or port of the loopback, whatever it says about its host; and with these
   * headers.
   */
  constructor(base: number | string, always: Record<string, string> = {}) {
    this.#base = new URL(typeof base === "number" ? `http://127.0.0.1:${base}` : base);
    this.#always = always;
  }

  get = (path: string, headers?: Record<string, string>): Promise<Answer> =>
    this.send("GET", path, { headers });

  post(path: string, form: NonNullable<Sent["form"]>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("POST", path, { form, headers: { "Sec-Fetch-Site": "same-origin", ...headers } });
  }

  /** As programs do it: without a word on where it comes from. */
  json(path: string, json: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.send("POST", path, { json, headers });
  }

  /** What a click on a link, or a redirect, leads to. */
  async follow(answer: Answer): Promise<Answer> {
    const { location } = answer.headers;
    if (location === undefined) throw new Error(`status ${answer.status} leads nowhere`);
    return this.get(location);
  }

  send(method: string, url: string, { headers = {}, form, json, body, target }: Sent = {}): Promise<Answer> {
    const { pathname, search } = new URL(url, "http://localhost");
    const cookie = this.#cookiesFor(pathname);
    const fields = form && String(new URLSearchParams(form as Record<string, string>));
    const content = fields ?? (json === undefined ? body : JSON.stringify(json));
    const measured = content !== undefined && !("Transfer-Encoding" in headers);
    return new Promise((resolve, reject) => {
      const outgoing = (this.#base.protocol === "https:" ? secureRequest : request)(
        this.#base,
        {
          method,
          path: target ?? pathname + search,
          agent: false,
          headers: {
            ...(cookie && { Cookie: cookie }),
            ...(form && { "Content-Type": "application/x-www-form-urlencoded" }),
            ...(json !== undefined && { "Content-Type": "application/json" }),
            ...(measured && { "Content-Length": String(Buffer.byteLength(content)) }),
            ...this.#always,
            ...headers,
          },
        },
        async (incoming) => {
          const cookies = incoming.headers["set-cookie"] ?? [];
          for (const line of cookies) this.#keep(line);
          const chunks = await incoming.setEncoding("utf8").toArray();
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            cookies,
            body: chunks.join(""),
          });
        },
      );
      outgoing.on("error", reject).end(content);
    });
  }

  /** Writes these bytes to a connection of their own, and answers all that comes back until it is closed. */
  raw(bytes: string | Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = "";
      const socket = connect(Number(this.#base.port), this.#base.hostname, () => socket.end(bytes));
      socket.setEncoding("latin1").setTimeout(3000, () => socket.destroy());
      socket.on("data", (text) => {
        answer += text;
      });
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") reject(error);
      });
      socket.on("close", () => resolve(answer));
    });
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split(/;\s*/);
    const [name = "", value = ""] = pair.split("=");
    const attribute = (key: string) =>
      attributes.find((part) => part.startsWith(`${key}=`))?.slice(key.length + 1);
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

/** The value of an attribute of the first element that matches, e.g. `attribute(html, 'name="handle"', "value")`. */
export function attribute(html: string, mark: string, name: string): string | undefined {
  const tag = html.match(/<[a-z][^>]*>/g)?.find((candidate) => candidate.includes(mark));
  return tag?.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1];
}
