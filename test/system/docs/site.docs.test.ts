import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { deadLinks } from "../../../docs/site/dead-links.ts";
import { resolveLink, withLinks } from "../../../docs/site/links.ts";
import { writePages } from "../../../docs/site/pages.ts";
import { buildSite, createFolder, REPOSITORY } from "./site.ts";

// Tests the builder of the documentation site with a small repository. `npm run docs` builds the real site.

vi.setConfig({ testTimeout: 60_000 });

test("the site contains the guides in their order and the files they link to, and no link is broken", async () => {
  const { site, said } = await buildSite(REPOSITORY);
  expect(said).not.toMatch(/warn/);
  // The playground is built separately, and every page links to it.
  expect(new Set(deadLinks(site).map((line) => line.replace(/^.*: (\.\.?\/)?/, "")))).toEqual(
    new Set(["playground/index.html leads nowhere"]),
  );

  const read = (path: string) => readFileSync(join(site, path), "utf8");
  expect(read("index.html")).toContain('href="documents/Guide.html#second-part"');
  expect(read("documents/examples_app.ts.html")).toContain("width");
  expect(read("documents/Recipes.html")).toContain('href="examples_recipes_one.sql.html"');
  expect(read("documents/test.html")).toContain('href="test_a.test.ts.html"');
  expect(read("documents/Guide.html")).toMatch(/<img src="\.\.\/media\/plan\.svg"/);
  expect(read("documents/Queues.html")).toMatch(/<div class="table"[^>]* tabindex="0"><table>/);
  expect(read("functions/relatch.openHatch.html")).toContain("Opens a hatch.");
});

test("an undocumented export and a broken link in a docstring fail the build", async () => {
  const undocumented = { "src/index.ts": "export const bare = 1;\n" };
  expect((await buildSite({ ...REPOSITORY, ...undocumented })).said).toMatch(
    /bare.*does not have any doc[\s\S]*warned/,
  );
  const broken = { "src/index.ts": "/** Like {@link nothing}. */\nexport const linked = 1;\n" };
  expect((await buildSite({ ...REPOSITORY, ...broken })).said).toMatch(/nothing[\s\S]*warned/);
});

test("a broken link in a guide and a diagram that needs a script fail the build", () => {
  const pagesOf = (guide: string) => () =>
    writePages(createFolder({ ...REPOSITORY, "docs/design-decisions.md": guide }), createFolder({}));
  expect(pagesOf("[gone](gone.md)")).toThrow("docs/design-decisions.md: gone.md leads nowhere");
  expect(pagesOf("[out](../../etc/passwd)")).toThrow("docs/design-decisions.md: ../../etc/passwd leads nowhere");
  expect(pagesOf("```mermaid\ngraph TD\n```\n")).toThrow("docs/design-decisions.md: a Mermaid block");
  expect(pagesOf("`[no](link.md)`\n\n```md\n[none](either.md)\n```\n")).not.toThrow();
});

test("pages follow the order of the menu, with unknown guides after the others and files last", () => {
  const into = createFolder({});
  const { documents } = writePages(createFolder(REPOSITORY), into);
  expect(documents.map((path) => path.slice(into.length + 1))).toEqual([
    "docs/queues.md",
    "docs/zebra.md",
    "docs/design-decisions.md",
    "CHANGELOG.md",
    "examples/app.ts.md",
    "examples/recipes/README.md",
    "examples/recipes/one.sql.md",
    "test/README.md",
    "test/a.test.ts.md",
  ]);
});

test("withLinks finds every form of a relative link and changes nothing else", () => {
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

test("the link check finds broken links, links out of the site and resources of other sites", () => {
  const page = (body: string) => `<!doctype html><html lang="en"><body>${body}</body></html>`;
  const site = createFolder({
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
  expect(deadLinks(createFolder({}))).toHaveLength(1);
});
