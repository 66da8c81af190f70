import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../../src/http/pages.ts";
import {
  copyDocument,
  findErrors,
  findMismatches,
  findSurprises,
  listExamples,
  listOutcomes,
  nameBody,
  nameOutcome,
  type OpenApi,
  resolveDocument,
} from "./openapi.ts";
import { BASE, fuzz, scenarios, serve, variants } from "./openapi-requests.ts";

// docs/openapi.json and the handler, compared both ways.

const described = resolveDocument();
const outcomes = listOutcomes(described);

/** One exchange for each outcome. */
const exchanges = await Promise.all(Object.values(scenarios).map((run) => run()));
const all = [...exchanges, ...(await Promise.all(variants.map((run) => run())))];
const findAllSurprises = (document: OpenApi): string[] =>
  exchanges.flatMap((exchange) => findSurprises(document, exchange));

/** The document without one response. Its schemas are the same objects, which are compiled once. */
function withoutResponse(outcome: string): OpenApi {
  const [verb = "", path = "", status = ""] = outcome.split(" ");
  const method = verb.toLowerCase();
  const operations = described.paths[path]!;
  const { [status]: _, ...responses } = operations[method]!.responses;
  const operation = { ...operations[method], responses };
  return { paths: { ...described.paths, [path]: { ...operations, [method]: operation } } };
}

describe("docs/openapi.json", () => {
  it("is valid OpenAPI 3.1, with references that lead somewhere", async () => {
    expect(await findErrors(copyDocument())).toEqual([]);
  });

  it.each([
    ["without a title", (copy: Record<string, unknown>) => Reflect.deleteProperty(copy["info"] as object, "title")],
    ["whose schemas are gone", (copy: Record<string, unknown>) => Reflect.deleteProperty(copy, "components")],
  ])("a document %s is found not to be valid", async (_, change) => {
    const copy = copyDocument();
    change(copy);
    expect(await findErrors(copy)).not.toEqual([]);
  });

  it("describes the outcomes that real requests have, and no other", () => {
    expect(exchanges.map(nameOutcome)).toEqual(Object.keys(scenarios));
    expect(Object.keys(scenarios).sort()).toEqual([...outcomes].sort());
  });

  it("describes the body and the headers of every response", () => {
    expect(all.flatMap((exchange) => findSurprises(described, exchange))).toEqual([]);
  });

  it("is found to be incomplete if any of its responses is removed", () => {
    for (const outcome of outcomes) {
      const [method, path, status] = outcome.split(" ");
      const lost = outcomes.filter((other) => other.startsWith(`${method} ${path} ${status}`));
      const expected = lost.map((other) => `${other} is not described`);
      expect(findAllSurprises(withoutResponse(outcome)).sort()).toEqual(expected.sort());
    }
  });

  it("shows as examples exactly what the handler returns", () => {
    const returned = all.filter(({ text }) => text !== "").map(nameBody);
    expect(listExamples(described)).toEqual(returned.sort());
  });

  it("shows requests that it allows", () => {
    const bodies = Object.values(described.paths).map(({ post }) => post?.requestBody?.content["application/json"]);
    expect(bodies).toHaveLength(4);
    for (const body of bodies) {
      const { schema = {}, examples = {} } = body ?? {};
      expect(Object.values(examples).flatMap(({ value }) => findMismatches(schema, value, "body"))).toEqual([]);
      expect(findMismatches(schema, {}, "body")).not.toEqual([]);
    }
  });

  it("names every reason that the handler has", () => {
    const reasons = outcomes.map((outcome) => outcome.split(" ")[3]).filter((reason) => reason && reason in PROBLEMS);
    expect(new Set(reasons)).toEqual(new Set(Object.keys(PROBLEMS)));
  });

  it.each(["/other", "/verify/more", "/verify%2F"])(
    "the path %s below the routes has the response that the introduction names",
    async (path) => {
      const { response, text } = await serve().send({ path, body: {} });
      expect([response.status, JSON.parse(text).reason]).toEqual([404, "not_found"]);
    },
  );

  it("describes the responses to hundreds of random requests", { timeout: 60_000 }, async () => {
    const { surprise, seen } = await fuzz(described);
    expect(surprise).toBeUndefined();
    // Otherwise the requests are too much alike to find anything.
    expect(seen.size).toBeGreaterThan(35);
  });

  it.each([`POST ${BASE} 400`, `POST ${BASE}/verify 415`, `POST ${BASE}/complete 403`, `OPTIONS ${BASE}/verify 405`])(
    "random requests find out that a document lacks the response of %s",
    { timeout: 60_000 },
    async (outcome) => {
      const { surprise } = await fuzz(withoutResponse(outcome));
      expect(surprise).toContain("is not described");
    },
  );

  it.each([
    ["a header", '"Retry-After":', '"X-Retry-After":', "retry-after is not described, X-Retry-After is missing"],
    ["a reason", ',"unknown_email"]', "]", "must be equal to one of the allowed values"],
    ["a field", '"retryAfterSeconds":', '"seconds":', "must NOT have unevaluated properties"],
  ])("real requests find out that the document lacks %s", (_, written, replaced, words) => {
    const copy = JSON.parse(JSON.stringify(described).replaceAll(written, replaced)) as OpenApi;
    expect(findAllSurprises(copy)).toEqual([expect.stringContaining(words)]);
  });
});
