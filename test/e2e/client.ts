import { type IncomingHttpHeaders, request } from "node:http";

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
  body?: string | undefined;
  /** Sent in the request line instead of the path. */
  target?: string;
}

/**
 * As much of a browser as these tests need: a cookie jar, forms sent from the site's own pages. It follows no
 * redirects, and sends every header as it is told, `Host` included.
 */
export class Client {
  readonly #port: number;
  readonly #jar = new Map<string, { value: string; path: string }>();

  /** Every URL is asked for at this port of the loopback, whatever it says about its host. */
  constructor(port: number) {
    this.#port = port;
  }

  get = (path: string, headers?: Record<string, string>): Promise<Answer> =>
    this.send("GET", path, { headers });

  post(path: string, form: NonNullable<Sent["form"]>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("POST", path, { form, headers: { "Sec-Fetch-Site": "same-origin", ...headers } });
  }

  /** What a click on a link, or a redirect, leads to. */
  async follow(answer: Answer): Promise<Answer> {
    const { location } = answer.headers;
    if (location === undefined) throw new Error(`status ${answer.status} leads nowhere`);
    return this.get(location);
  }

  send(method: string, url: string, { headers = {}, form, body, target }: Sent = {}): Promise<Answer> {
    const { pathname, search } = new URL(url, "http://localhost");
    const cookie = this.#cookiesFor(pathname);
    const content = form ? String(new URLSearchParams(form as Record<string, string>)) : body;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: "127.0.0.1",
          port: this.#port,
          method,
          path: target ?? pathname + search,
          agent: false,
          headers: {
            ...(cookie && { Cookie: cookie }),
            ...(form && { "Content-Type": "application/x-www-form-urlencoded" }),
            ...(content !== undefined && { "Content-Length": String(Buffer.byteLength(content)) }),
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

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split(/;\s*/);
    const [name = "", value = ""] = pair.split("=");
    const attribute = (key: string) =>
      attributes.find((part) => part.startsWith(`${key}=`))?.slice(key.length + 1);
    const expires = attribute("Expires");
    if (expires && Date.parse(expires) <= Date.now()) this.#jar.delete(name);
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
