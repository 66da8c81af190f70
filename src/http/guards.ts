import { Problem } from "./problem.ts";

/**
 * Judges where a POST comes from, with origins compared exactly: one of our pages, another page, or nobody says. `Origin`
 * decides if there is one. Without it, `Sec-Fetch-Site` decides: only `same-origin` is one of our pages.
 */
function judgeOrigin({ headers }: Request, isOurs: (origin: string) => boolean): "ours" | "other" | "unknown" {
  const origin = headers.get("Origin");
  if (origin !== null) return isOurs(origin) ? "ours" : "other";
  const site = headers.get("Sec-Fetch-Site");
  if (site === null) return "unknown";
  return site === "same-origin" ? "ours" : "other";
}

/** Refuses a form that was not sent from a page of this site (OWASP: verifying the origin with standard headers). */
export function assertOwnForm(request: Request, isOurs: (origin: string) => boolean): void {
  if (judgeOrigin(request, isOurs) !== "ours") throw new Problem("cross_site");
}

/**
 * Refuses JSON that a page of another site has sent. JSON without a word about its origin passes: no browser sends it like
 * that, and nothing here acts on a cookie.
 */
export function assertOwnJson(request: Request, isOurs: (origin: string) => boolean): void {
  if (judgeOrigin(request, isOurs) === "other") throw new Problem("cross_site");
}

/** Longest header that is compared, in characters. */
const MAX_ACCEPT = 512;
const MAX_TYPES = 20;

/**
 * Reports whether the client prefers JSON to a page (RFC 9110 §12.5.1). Between equal weights, the type that is named
 * more precisely wins, and otherwise the page.
 */
export function prefersJson({ headers }: Request): boolean {
  const accept = headers.get("Accept") ?? "";
  if (accept.length > MAX_ACCEPT) return false;
  const weights = new Map<string, number>();
  for (const item of accept.split(",", MAX_TYPES)) {
    const [type = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const weight = Number(parameters.find((each) => each.startsWith("q="))?.slice(2) ?? 1);
    if (weight >= 0 && weight <= 1) weights.set(type, weight);
  }
  /** The weight of a type. The precision counts less than any difference between weights, which have three digits. */
  const weigh = (...types: string[]): number => {
    const precision = types.findIndex((type) => weights.has(type));
    const weight = weights.get(types[precision] ?? "") ?? 0;
    return weight === 0 ? 0 : weight - precision / 10_000;
  };
  const json = [weigh("application/json", "application/*", "*/*"), weigh("application/problem+json")];
  return Math.max(...json) > weigh("text/html", "text/*", "*/*");
}
