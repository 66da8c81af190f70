import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** An element, in the pages of typedoc and in the playground: both escape text that looks like one. */
const TAG = /<([a-z][a-z0-9-]*)((?:\s+[^\s=>]+(?:="[^"]*")?)*)\s*\/?>/gi;
const ATTRIBUTE = /([^\s=]+)="([^"]*)"/g;

/** Elements that fetch what they name; a link to another site is only a link. */
const FETCHING = new Set(["script", "link", "img", "iframe", "source", "use", "video", "audio", "object"]);

/**
 * Returns the problems of the links in a folder of HTML, one line each: a missing file or fragment, a target outside the
 * folder, a resource that another site serves. Does not follow links to other sites.
 */
export function deadLinks(folder: string): string[] {
  const pages = new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".html"))
      .map((path) => [join(folder, path), readPage(join(folder, path))]),
  );
  if (pages.size === 0) return [`no page in ${folder}`];

  function problemOf(page: string, { element, target }: Link): string | undefined {
    if (/^(?:data:|mailto:)/.test(target)) return undefined;
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) {
      return FETCHING.has(element) ? "is fetched from another site" : undefined;
    }
    const [path = "", fragment = ""] = target.split("#").map(decodeURIComponent);
    let file = path === "" ? page : join(dirname(page), path.split("?")[0] ?? "");
    if (relative(folder, file).startsWith("..")) return "leads out of the site";
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
    if (!existsSync(file)) return "leads nowhere";
    const anchors = pages.get(file)?.anchors;
    return fragment !== "" && anchors && !anchors.has(fragment) ? "names no place on that page" : undefined;
  }

  return [...pages].flatMap(([page, { links }]) =>
    links.flatMap((link) => {
      const problem = problemOf(page, link);
      return problem ? [`${relative(folder, page)}: ${link.target} ${problem}`] : [];
    }),
  );
}

interface Link {
  element: string;
  target: string;
}

function readPage(file: string): { links: Link[]; anchors: Set<string> } {
  const links: Link[] = [];
  const anchors = new Set<string>();
  const html = readFileSync(file, "utf8").replace(/<(script|style)\b([^>]*)>[\s\S]*?<\/\1>/g, "<$1$2>");
  for (const [, element = "", attributes = ""] of html.matchAll(TAG)) {
    for (const [, name, value = ""] of attributes.matchAll(ATTRIBUTE)) {
      const target = value.replaceAll("&amp;", "&").replaceAll("&quot;", '"');
      if (name === "id") anchors.add(target);
      if (name === "href" || name === "src" || name === "srcset") links.push({ element, target });
    }
  }
  return { links, anchors };
}
