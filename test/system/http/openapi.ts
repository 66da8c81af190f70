import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import document from "../../../docs/openapi.json" with { type: "json" };

// Compares the responses of the handler with docs/openapi.json.

type Schema = Record<string, unknown>;

interface MediaType {
  schema: Schema;
  examples: Record<string, { value: unknown }>;
}

interface Described {
  headers?: Record<string, { required?: boolean; schema: Schema }>;
  content?: Record<string, MediaType>;
}

interface Operation {
  requestBody?: { content: Record<string, MediaType> };
  responses: Record<string, Described>;
}

/** The parts of the document that are compared, with every reference resolved. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
}

/** A copy of the document as it is written. */
export const copyDocument = (): Record<string, unknown> => structuredClone(document);

/** Returns what is wrong with a document by the schema of OpenAPI, and by its references. */
export async function findErrors(source: Record<string, unknown>): Promise<unknown> {
  const { errors } = await new Validator().validate(source);
  return errors ?? [];
}

/** The document with every reference resolved. */
export const resolveDocument = (): OpenApi =>
  new Validator().resolveRefs({ specification: copyDocument() }) as unknown as OpenApi;

/** A request that was sent, and its response. */
export interface Exchange {
  request: Request;
  /** The body of the request, if it was text. */
  sent: string | undefined;
  response: Response;
  /** The body of the response. */
  text: string;
}

/** Returns the operation that describes a request. Every method other than POST gets the response of OPTIONS. */
export function findOperation({ paths }: OpenApi, { url, method }: Request): Operation | undefined {
  const { post, options } = paths[new URL(url).pathname.replace(/\/$/, "")] ?? {};
  return method === "POST" ? post : options;
}

const mediaTypeOf = ({ headers }: Response): string => (headers.get("Content-Type") ?? "").split(";", 1)[0] ?? "";

/** Names what happened as one line: "POST /password_reset 400 invalid_json". Without a reason, the media type. */
export function nameOutcome({ request, response, text }: Exchange): string {
  const type = mediaTypeOf(response);
  const outcome = type === "application/problem+json" ? JSON.parse(text || "{}").reason : type;
  const path = new URL(request.url).pathname.replace(/\/$/, "");
  return [request.method, path, response.status, outcome].join(" ").trim();
}

/** Names a body with its operation and its status. */
export const nameBody = ({ request, response, text }: Exchange): string =>
  [request.method, new URL(request.url).pathname, response.status, text].join(" ");

/** A response of one operation, with one media type. */
interface DescribedBody extends Partial<MediaType> {
  /** "POST /password_reset 400" */
  name: string;
  type: string;
}

const listBodies = ({ paths }: OpenApi): DescribedBody[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses }]) =>
      Object.entries(responses).flatMap(([status, { content = { "": {} } }]) =>
        Object.entries(content).map(([type, body]) => ({
          ...body,
          name: `${method.toUpperCase()} ${path} ${status}`,
          type,
        })),
      ),
    ),
  );

/** Lists every outcome that the document describes, as `nameOutcome` names them. */
export const listOutcomes = (document: OpenApi): string[] =>
  listBodies(document).flatMap(({ name, type, schema }) => {
    const reasons = type === "application/problem+json" ? listReasons(schema) : [type];
    return reasons.map((reason) => `${name} ${reason}`.trim());
  });

/** Lists every body that the document shows, as `nameBody` names them, in order. */
export const listExamples = (document: OpenApi): string[] =>
  listBodies(document)
    .flatMap(({ name, examples = {} }) => Object.values(examples).map(({ value }) => ({ name, value })))
    .map(({ name, value }) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .sort();

function listReasons(schema: Schema | undefined): string[] {
  const parts = ["allOf", "oneOf"].flatMap((key) => (schema?.[key] ?? []) as Schema[]);
  const { reason } = (schema?.["properties"] ?? {}) as { reason?: { enum?: string[]; const?: string } };
  return [...(reason?.enum ?? (reason?.const ? [reason.const] : [])), ...parts.flatMap(listReasons)];
}

// Strict, so that a misspelled keyword of a schema is an error.
const ajv = new Ajv2020({ allErrors: true, strictTypes: false });
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const compiled = new WeakMap<Schema, ReturnType<typeof ajv.compile>>();

/** Returns what is wrong with a value by a schema. */
export function findMismatches(schema: Schema, value: unknown, name: string): string[] {
  const validate = compiled.get(schema) ?? ajv.compile(schema);
  compiled.set(schema, validate);
  return validate(value) ? [] : [`${name}: ${ajv.errorsText(validate.errors)}`];
}

const closed = new WeakMap<Schema, Schema>();

/**
 * Returns a schema that allows no member it does not describe. The document itself stays open, because later versions may
 * add some.
 */
export function closeSchema(schema: Schema): Schema {
  const closeItems = (key: string, value: object) =>
    key === "items" ? { ...value, unevaluatedProperties: false } : value;
  const copy = closed.get(schema) ?? {
    unevaluatedProperties: false,
    ...JSON.parse(JSON.stringify(schema), closeItems),
  };
  closed.set(schema, copy);
  return copy;
}

/** Returns the facts of an exchange that a document does not describe. */
export function findSurprises(document: OpenApi, exchange: Exchange): string[] {
  const { request, response, sent } = exchange;
  const operation = findOperation(document, request);
  const description = operation?.responses[response.status];
  if (!operation || !description) return [`${nameOutcome(exchange)} is not described`];
  // A request that succeeds is one that the document allows.
  const asked = operation.requestBody?.content["application/json"]?.schema;
  const isAccepted = response.status === 200 && asked !== undefined;
  const surprises = [
    ...(isAccepted ? findMismatches(asked, JSON.parse(sent ?? ""), "request") : []),
    ...checkBody(description.content, exchange),
    ...checkHeaders(description.headers, exchange),
  ];
  return surprises.length > 0 ? [`${nameOutcome(exchange)}: ${surprises.join(", ")}`] : [];
}

function checkBody(content: Described["content"], { request, response, text }: Exchange): string[] {
  if (!content || request.method === "HEAD") return text === "" ? [] : ["the body is not described"];
  const type = mediaTypeOf(response);
  const schema = content[type]?.schema;
  if (!schema) return [`the media type ${type} is not described`];
  return findMismatches(closeSchema(schema), type.endsWith("json") ? JSON.parse(text) : text, "body");
}

/** Headers that programs act on. A response has them only if the document says so. */
const TELLING = /^(?:allow|retry-after|set-cookie|location|access-control-.+)$/;

function checkHeaders(headers: Described["headers"] = {}, { request, response }: Exchange): string[] {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const surplus = [...response.headers.keys()].filter((name) => TELLING.test(name) && !names.includes(name));
  const wrong = Object.entries(headers).flatMap(([name, { required, schema }]) => {
    const value = response.headers.get(name);
    if (value === null) return required ? [`${name} is missing`] : [];
    return findMismatches(schema, schema["type"] === "integer" ? Number(value) : value, name);
  });
  const allowed = response.headers.get("Access-Control-Allow-Origin");
  const isOther = allowed !== null && allowed !== request.headers.get("Origin");
  return [...surplus.map((name) => `${name} is not described`), ...wrong, ...(isOther ? ["another origin"] : [])];
}
