import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { deadLinks } from "../docs/site/dead-links.ts";
import { resolveLink, withLinks } from "../docs/site/links.ts";
import { writePages } from "../docs/site/pages.ts";
import { writeReference } from "../docs/site/reference.ts";
import { findChromium, launchChromium } from "./e2e/chromium.ts";

// What makes of the guides and the source a site without a dead link. `npm run docs` builds the real one.

vi.setConfig({ testTimeout: 60_000 });

function folder(files: Record<string, string>): string {
  const made = mkdtempSync(join(tmpdir(), "relatch-site-test-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(made, path)), { recursive: true });
    writeFileSync(join(made, path), content);
  }
  return made;
}

const REPOSITORY = {
  "README.md":
    "# Thing\n\nSee the [guide](docs/faq.md#second-part), and what it is [made of](examples/app.ts).\n",
  "CHANGELOG.md": "# Changelog\n",
  "docs/zebra.md": "# Zebra\n",
  "docs/queues.md": "# Queues\n\n| a | b |\n|---|---|\n| [zebra](zebra.md) | a ladder of words |\n",
  "docs/faq.md":
    '# Guide\n\n## Second part\n\n### `a_code`\n\n[Code](#a_code) [Home](../README.md), [tests](../test), [recipes](../examples/recipes), ![plan](plan.svg "Plan")\n',
  "docs/plan.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
  "examples/app.ts": "// ``` in a comment\nexport const answer = 42;\n",
  "examples/recipes/README.md": "# Recipes\n\n[One](one.sql)\n",
  "examples/recipes/one.sql": "SELECT 1;\n",
  "test/a.test.ts": "export {};\n",
  "tsconfig.json": '{ "compilerOptions": { "types": [], "skipLibCheck": true }, "include": ["src"] }',
  "src/index.ts": "/** Opens a hatch. */\nexport function openHatch(): void {}\n",
};

/** Builds it as `npm run docs` does, and answers where it is and what typedoc said. */
async function built(files: Record<string, string>): Promise<{ site: string; said: string }> {
  const lines: string[] = [];
  for (const method of ["log", "info", "warn", "error"] as const) {
    const spy = vi
      .spyOn(console, method)
      .mockImplementation((...values) => void lines.push(values.join(" ")));
    onTestFinished(() => spy.mockRestore());
  }
  const root = folder(files);
  const site = join(root, "site");
  const source = {
    entryPoints: [join(root, "src/index.ts")],
    tsconfig: join(root, "tsconfig.json"),
    intentionallyNotExported: [],
  };
  await writeReference(writePages(root, folder({})), site, source).catch((error: Error) =>
    lines.push(error.message),
  );
  return { site, said: lines.join("\n") };
}

test("a site has the guides in their order, the files they link to, and no dead link", async () => {
  const { site, said } = await built(REPOSITORY);
  expect(said).not.toMatch(/warn/);
  // The playground, which every page links to, is built apart.
  expect(new Set(deadLinks(site).map((line) => line.replace(/^.*: (\.\.?\/)?/, "")))).toEqual(
    new Set(["playground/index.html leads nowhere"]),
  );

  const read = (path: string) => readFileSync(join(site, path), "utf8");
  expect(read("index.html")).toContain('href="documents/Guide.html#second-part"');
  expect(read("documents/examples_app.ts.html")).toContain("answer");
  expect(read("documents/Recipes.html")).toContain('href="examples_recipes_one.sql.html"');
  expect(read("documents/test.html")).toContain('href="test_a.test.ts.html"');
  expect(read("documents/Guide.html")).toMatch(/<img src="\.\.\/media\/plan\.svg"/);
  expect(read("documents/Queues.html")).toMatch(/<div class="table"[^>]* tabindex="0"><table>/);
  expect(read("functions/relatch.openHatch.html")).toContain("Opens a hatch.");
});

const executablePath = findChromium();

test.skipIf(!executablePath)(
  "in a browser, even from files: menu, search over guides and reference",
  async () => {
    const { site } = await built(REPOSITORY);
    const browser = await launchChromium(executablePath ?? "");
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(join(site, "index.html")).href);

    await page.getByRole("link", { name: "Changelog" }).waitFor();
    const menu = await page.locator("#tsd-nav-container > li").allInnerTexts();
    expect(menu).toEqual([
      "To begin",
      "Guide",
      "The parts",
      "Queues",
      "Zebra",
      "Project",
      "Changelog",
      "API reference",
      "relatch",
    ]);
    for (const [words, result] of [
      ["ladder", "Queues"],
      ["hatch", "relatch.openHatch"],
    ] as const) {
      await page.locator("#tsd-search-trigger").click();
      await page.locator("#tsd-search-input").fill(words);
      await page.locator("#tsd-search-results a", { hasText: result }).waitFor();
      await page.keyboard.press("Escape");
    }
    expect(requests.filter((url) => !/^(file|data):/.test(url))).toEqual([]);
  },
);

test("an export without a word on it, and a broken link in a docstring, break the build", async () => {
  const undocumented = { "src/index.ts": "export const bare = 1;\n" };
  expect((await built({ ...REPOSITORY, ...undocumented })).said).toMatch(
    /bare.*does not have any doc[\s\S]*warned/,
  );
  const broken = { "src/index.ts": "/** Like {@link nothing}. */\nexport const linked = 1;\n" };
  expect((await built({ ...REPOSITORY, ...broken })).said).toMatch(/nothing[\s\S]*warned/);
});

test("a link of a guide that leads nowhere, or a diagram that needs a script, breaks the build", () => {
  const pagesOf = (guide: string) => () =>
    writePages(folder({ ...REPOSITORY, "docs/faq.md": guide }), folder({}));
  expect(pagesOf("[gone](gone.md)")).toThrow("docs/faq.md: gone.md leads nowhere");
  expect(pagesOf("[out](../../etc/passwd)")).toThrow("docs/faq.md: ../../etc/passwd leads nowhere");
  expect(pagesOf("```mermaid\ngraph TD\n```\n")).toThrow("docs/faq.md: a Mermaid block");
  expect(pagesOf("`[no](link.md)`\n\n```md\n[none](either.md)\n```\n")).not.toThrow();
});

test("pages come in the order of the menu, unknown ones after the parts, files last", () => {
  const into = folder({});
  const { documents } = writePages(folder(REPOSITORY), into);
  expect(documents.map((path) => path.slice(into.length + 1))).toEqual([
    "docs/faq.md",
    "docs/queues.md",
    "docs/zebra.md",
    "CHANGELOG.md",
    "examples/app.ts.md",
    "examples/recipes/README.md",
    "examples/recipes/one.sql.md",
    "test/README.md",
    "test/a.test.ts.md",
  ]);
});

test("every way to write a link is seen, and what is no relative link is left alone", () => {
  const seen: string[] = [];
  const text =
    '[a](one.md) [b](two.md "Two") [c]: x\n\n[d]: three.md\n<img src="four.svg"> [e](#here) [f](https://a.example) `[g](x.md)`\n';
  const changed = withLinks(text, (target) => {
    seen.push(target);
    return `changed/${target}`;
  });
  expect(seen.sort()).toEqual(["four.svg", "one.md", "three.md", "two.md"]);
  expect(changed.replaceAll("changed/", "")).toBe(text);
  expect(resolveLink("docs/a.md", "../test/b.ts#L1")).toEqual({ path: "test/b.ts", fragment: "#L1" });
});

test("the link check finds what is dead, what leaves the site and what is fetched from elsewhere", () => {
  const page = (body: string) => `<!doctype html><html lang="en"><body>${body}</body></html>`;
  const site = folder({
    "index.html": page(
      '<h1 id="top">x</h1><a href="sub/">a</a><a href="sub/page.html#there">b</a><a href="#top">c</a><a href="https://a.example/">d</a>&lt;a href="no.html"&gt;<script>"<a href=\\"no.html\\">"</script>',
    ),
    "sub/index.html": page(""),
    "sub/page.html": page('<p id="there"><img src="data:,"></p>'),
  });
  expect(deadLinks(site)).toEqual([]);

  writeFileSync(
    join(site, "sub/page.html"),
    page(
      '<a href="gone.html">a</a><a href="../index.html#gone">b</a><a href="../../etc">c</a><img src="https://a.example/x.png"><script src="//a.example/x.js"></script>',
    ),
  );
  expect(deadLinks(site)).toEqual([
    "index.html: sub/page.html#there names no place on that page",
    "sub/page.html: gone.html leads nowhere",
    "sub/page.html: ../index.html#gone names no place on that page",
    "sub/page.html: ../../etc leads out of the site",
    "sub/page.html: https://a.example/x.png is fetched from another site",
    "sub/page.html: //a.example/x.js is fetched from another site",
  ]);
  expect(deadLinks(folder({}))).toHaveLength(1);
});
