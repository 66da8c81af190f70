/**
 * The routes of `relatch/http` in everything that is built on `node:http`: Express 4 and 5, Connect, NestJS, and the
 * compatibility layer of HTTP/2.
 *
 *     app.use(nodeMiddleware(routes, (req) => ({ ip: req.ip })));
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Features } from "../core/api.ts";
import { optionError } from "../lib/shape.ts";
import type { Visitor } from "./exchange.ts";
import { printError } from "./print-error.ts";
import type { PasswordResetRoutes } from "./routes.ts";

/** A request of `node:http`, with the properties that frameworks and body parsers add. */
export type NodeRequest = IncomingMessage & {
  /** Express: the client's address, according to "trust proxy". */
  ip?: string | undefined;
  /** Express and Connect: the whole of `url`, of which routers cut the start. */
  originalUrl?: string;
  /** The body, as a parser has read it. */
  body?: unknown;
  /** NestJS with `rawBody: true`, Google Cloud Functions: the bytes of the body. */
  rawBody?: unknown;
};

/** Tells what only the server knows about a request. */
export type VisitorOf<F extends Features, Req> = (req: Req) => Visitor<F> | Promise<Visitor<F>>;

/** Middleware, or the listener of a server. */
export type NodeMiddleware<Req> = (req: Req, res: ServerResponse, next?: (error?: unknown) => void) => Promise<void>;

/**
 * Serves the routes, and passes every other request on to `next` untouched. Mount it before or behind body parsers and
 * sessions, and before your own CSRF check, which does not know these forms. Without `visitorOf`, the client's address
 * is `req.ip`, or else that of the connection. With tenants, `visitorOf` is required.
 *
 * @example
 * app.use(nodeMiddleware(routes, (req) => ({ ip: req.ip, isSignedIn: Boolean(req.session.userId) })));
 */
export function nodeMiddleware<F extends Features, Req extends IncomingMessage = NodeRequest>(
  routes: PasswordResetRoutes<F>,
  ...[visitorOf]: F extends { tenant: string } ? [visitorOf: VisitorOf<F, Req>] : [visitorOf?: VisitorOf<F, Req>]
): NodeMiddleware<Req> {
  return async (req, res, next = (error) => respondAlone(res, error)) => {
    const url = readUrl(req);
    // Before anything touches the body, because a parser may come behind.
    if (!url || !routes.matches(url.pathname)) return next();
    try {
      const visitor = await (visitorOf ? visitorOf(req) : readConnection(req));
      await send(res, await routes.handle(createRequest(req, url), visitor as Visitor<F>));
    } catch (error) {
      next(error);
    } finally {
      // A body that was refused unread would hold up the next request of this connection.
      if (res.writableEnded) req.resume();
    }
  };
}

const readConnection = (req: NodeRequest): Visitor => ({ ip: req.ip ?? req.socket.remoteAddress });

/** Responds if there is no framework that could, and that would report an error. */
function respondAlone(res: ServerResponse, error: unknown): void {
  if (error !== undefined) printError("nodeMiddleware", error);
  if (!res.headersSent) res.writeHead(error === undefined ? 404 : 500).end();
}

/**
 * Reads path and query. A target in absolute form (RFC 9112 §3.2.2) loses its host, because nothing that a request says
 * about its host is used. `OPTIONS *` and `CONNECT` have no path. A path that `URL` would rewrite, such as
 * `/x/../password_reset` or one with a backslash, is not ours: a limit in front of our path does not see it.
 */
function readUrl({ originalUrl, url = "" }: NodeRequest): URL | undefined {
  const target = (originalUrl ?? url).replace(/^[a-z][a-z\d+.-]{0,31}:\/\/[^/?#]*/i, "");
  if (!/^[/?]/.test(target) || !URL.canParse(`http://localhost${target}`)) return undefined;
  const parsed = new URL(`http://localhost${target}`);
  const [path] = target.split(/[?#]/, 1);
  return parsed.pathname === (path || "/") ? parsed : undefined;
}

function createRequest(req: NodeRequest, url: URL): Request {
  const headers = new Headers();
  for (const [name, value = []] of Object.entries(req.headers)) {
    // HTTP/2 has its request line among the headers.
    if (!name.startsWith(":")) for (const each of [value].flat()) headers.append(name, each);
  }
  const { method = "GET" } = req;
  // No `Request` can have these methods, and every other one that no route takes gets the same response.
  const isForbidden = /^(?:TRACE|TRACK|CONNECT)$/i.test(method);
  const init: RequestInit & { duplex: "half" } = { method: isForbidden ? "DELETE" : method, headers, duplex: "half" };
  if (!/^(?:GET|HEAD)$/i.test(method)) init.body = readBody(req, headers);
  return new Request(url, init);
}

type Body = NonNullable<RequestInit["body"]> | null;

/** Returns the stream of the body if nobody has read it, or what a parser has made of it. */
function readBody(req: NodeRequest, headers: Headers): Body {
  // Reading may end before the body does, and the response still has to go through the connection.
  if (!req.readableDidRead) return ReadableStream.from(req.iterator({ destroyOnReturn: false })) as Body;
  const body = req.rawBody ?? req.body;
  if (body === undefined && isExpected(req)) {
    throw optionError(
      "nodeMiddleware must be given a request whose body is unread or in req.body. Mount it before other code that reads bodies.",
    );
  }
  // Parsers inflate.
  headers.delete("Content-Encoding");
  if (typeof body === "string" || body instanceof Uint8Array) return body as Body;
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers.get("Content-Type") ?? "");
  return isForm ? writeForm(body) : writeJson(body);
}

/** Reports whether a request came with a body. */
const isExpected = ({ headers }: NodeRequest): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

const listFields = (body: unknown): [string, unknown][] =>
  typeof body === "object" && body !== null ? Object.entries(body) : [];

/** Writes the fields as a form again. A value that is not a string is written twice, so that the handler refuses it. */
function writeForm(body: unknown): string {
  const form = new URLSearchParams();
  for (const [name, value] of listFields(body)) {
    for (const text of typeof value === "string" ? [value] : ["", ""]) form.append(name, text);
  }
  return form.toString();
}

/**
 * Writes the strings of an object as JSON again, and those of the objects in it, because no other value counts, and some
 * cannot be written: what is nested too deeply, big integers. Everything that is not an object becomes `null`, which the
 * handler refuses.
 */
function writeJson(body: unknown): string {
  if (!isObject(body)) return "null";
  const nested = listFields(body).filter(([, value]) => isObject(value));
  return JSON.stringify({
    ...listStrings(body),
    ...Object.fromEntries(nested.map(([name, value]) => [name, listStrings(value)])),
  });
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

const listStrings = (fields: unknown): object =>
  Object.fromEntries(listFields(fields).filter(([, value]) => typeof value === "string"));

async function send(res: ServerResponse, response: Response): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  // The visitor has left, or a time limit of the application has responded.
  if (res.headersSent || res.destroyed) return;
  res.statusCode = response.status;
  for (const [name, value] of response.headers) if (name !== "set-cookie") res.setHeader(name, value);
  // Next to the cookies of the application, such as that of a session.
  for (const cookie of response.headers.getSetCookie()) res.appendHeader("Set-Cookie", cookie);
  res.end(body);
}
