import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { resolveLink, withLinks } from "./links.ts";

// The pages of the site next to the API reference. Typedoc reads Markdown, so every file that a guide links to is written
// into a folder as Markdown, under its path in the repository.

/**
 * The menu: the three paths of the README, and the pages next to them. A guide that is not named here comes last among the
 * guides.
 */
export const MENU = {
  "New application": ["new-application", "go-live"],
  "Existing system": ["existing-system", "users-and-sessions"],
  "Security review": ["security-review", "how-it-works", "known-flaws", "checklists", "timing", "SECURITY"],
  Guides: [
    "routes-and-pages",
    "email",
    "token-stores",
    "limits",
    "queues",
    "codes-and-invitations",
    "tenants",
    "production",
    "testing-your-code",
  ],
  Reference: ["events-and-errors", "compiler-errors"],
  Explanation: ["design-decisions", "comparison", "performance", "benchmarks", "scale"],
  Project: ["CONTRIBUTING", "CHANGELOG"],
} as const;

/** The group of the files that guides link to. They are pages, but not in the menu. */
export const FILES = "Files";

const ROOT_PAGES = ["SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"];

const IMAGES = new Set([".svg", ".png", ".jpg", ".webp"]);

/** The highlighter's name of a language, if it differs from the extension of the file. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ts: "typescript",
  mjs: "javascript",
  js: "javascript",
  sh: "bash",
};
const HIGHLIGHTED = new Set(["typescript", "javascript", "json", "jsonc", "bash", "sql", "yaml"]);

/** The files for typedoc to read. */
export interface Pages {
  readme: string;
  documents: string[];
}

/**
 * Puts README.md, the guides and all that they link to into `folder`.
 *
 * @throws Error that lists the links that lead nowhere, and the diagrams that would need a script to be drawn.
 */
export function writePages(root: string, folder: string): Pages {
  const written = new Set<string>();
  const extra: string[] = [];
  const problems: string[] = [];

  function write(path: string, content: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }

  function writePage(path: string, markdown: string, group: string): void {
    if (/^(?:```|~~~)\s*mermaid/m.test(markdown)) {
      problems.push(`${path}: a Mermaid block needs a script to be drawn. Link an SVG file instead.`);
    }
    const title = markdown.match(/^# +(.+)$/m)?.[1]?.replaceAll("`", "") ?? path;
    const text = withLinks(markdown, (target) => follow(path, target));
    write(path, `---\ntitle: ${JSON.stringify(title)}\ngroup: ${group}\n---\n\n${text}`);
  }

  /** Writes the file that a link leads to, and returns the link to it. */
  function follow(page: string, target: string): string {
    const { path, fragment } = resolveLink(page, target);
    const there = join(root, path);
    const stats = path.startsWith("..") ? undefined : statSync(there, { throwIfNoEntry: false });
    const suffix = stats && bring(path, stats.isDirectory());
    if (suffix === undefined) {
      problems.push(`${page}: ${target} leads nowhere`);
      return target;
    }
    return `${target.split("#")[0]?.replace(/\/$/, "")}${suffix}${fragment}`;
  }

  /** Writes a file or folder as a page, and returns the end of the link to it. */
  function bring(path: string, isFolder: boolean): string {
    const suffix = isFolder ? "/README.md" : isMarkdown(path) || IMAGES.has(extname(path)) ? "" : ".md";
    const page = path + suffix;
    if (written.has(page)) return suffix;
    written.add(page);
    if (IMAGES.has(extname(path))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      copyFileSync(join(root, path), join(folder, path));
      return suffix;
    }
    extra.push(page);
    if (isMarkdown(path)) writePage(page, readFileSync(join(root, path), "utf8"), FILES);
    else if (isFolder) writePage(page, folderPage(path), FILES);
    else writePage(page, sourcePage(path, readFileSync(join(root, path), "utf8")), FILES);
    return suffix;
  }

  /** Its own page, or else a list of what is in it. */
  function folderPage(path: string): string {
    const entries = readdirSync(join(root, path), { withFileTypes: true });
    if (entries.some(({ name }) => name === "README.md")) {
      return readFileSync(join(root, path, "README.md"), "utf8");
    }
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => `- [${name}](${name})`);
    return `# ${path}\n\n${files.sort().join("\n")}\n`;
  }

  const guides = [
    ...readdirSync(join(root, "docs"))
      .filter(isMarkdown)
      .map((name) => `docs/${name}`),
    ...ROOT_PAGES.filter((name) => statSync(join(root, name), { throwIfNoEntry: false })),
  ];
  const ordered = guides.map((path) => ({ path, ...placeOf(path) })).sort((a, b) => a.place - b.place);
  for (const path of ["README.md", ...guides]) written.add(path);
  for (const { path, group } of ordered) writePage(path, readFileSync(join(root, path), "utf8"), group);
  const readme = withLinks(readFileSync(join(root, "README.md"), "utf8"), (target) => follow("README.md", target));
  write("README.md", frontPage(readme));

  if (problems.length > 0) throw new Error(problems.join("\n"));
  const documents = [...ordered.map(({ path }) => path), ...extra.sort()];
  return { readme: join(folder, "README.md"), documents: documents.map((path) => join(folder, path)) };
}

function placeOf(path: string): { group: string; place: number } {
  const name = path.replace(/^.*\/|\.md$/g, "");
  const groups = Object.keys(MENU);
  for (const [group, names] of Object.entries(MENU)) {
    const place = (names as readonly string[]).indexOf(name);
    if (place >= 0) return { group, place: 100 * groups.indexOf(group) + place };
  }
  return { group: "Guides", place: 100 * groups.indexOf("Guides") + 99 };
}

/** The README, with its first screen marked for the style sheet. */
function frontPage(markdown: string): string {
  const end = markdown.indexOf("\n## ");
  return `<div class="front">\n\n${markdown.slice(0, end)}\n\n</div>\n${markdown.slice(end)}`;
}

/** A file as a page: its path, and what is in it. */
function sourcePage(path: string, content: string): string {
  const extension = extname(path).slice(1);
  const language = LANGUAGES[extension] ?? extension;
  const longest = Math.max(2, ...[...content.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `# ${path}\n\n${fence}${HIGHLIGHTED.has(language) ? language : "text"}\n${content.trimEnd()}\n${fence}\n`;
}

const isMarkdown = (path: string): boolean => path.endsWith(".md");
