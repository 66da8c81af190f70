import { posix } from "node:path";
import {
  Application,
  Converter,
  DefaultTheme,
  IndexEvent,
  type NavigationElement,
  PackageJsonReader,
  PageEvent,
  type ProjectReflection,
  ReflectionKind,
  TSConfigReader,
  type TypeDocOptions,
} from "typedoc";
import { entries } from "../../entries.ts";
import manifest from "../../package.json" with { type: "json" };
import { extendMarkdown } from "./markdown.ts";
import { FILES, type Pages } from "./pages.ts";

/** Names of places in the site in the links of the toolbar, which typedoc takes to be of another site. */
const SITE = "site:/";

/** A flat menu: a heading for each group, its pages below. */
class SiteTheme extends DefaultTheme {
  override buildNavigation(project: ProjectReflection): NavigationElement[] {
    return super
      .buildNavigation(project)
      .filter(({ text }) => text !== FILES)
      .flatMap(({ text, children = [] }) => [
        { text: text === "Modules" ? "API reference" : text },
        ...children.map((page) => (page.children ? unfolding(page, page.children) : page)),
      ]);
  }
}

/** Makes a module unfold without being a link as well, because keyboards and screen readers cannot tell both apart. */
function unfolding(page: NavigationElement, groups: NavigationElement[]): NavigationElement {
  const { children: _, ...own } = page;
  const exports = groups.flatMap(({ children = [] }) => children);
  return { text: page.text, children: [{ ...own, text: "All of it" }, ...exports] };
}

/** Names for what typedoc leaves without one, as regular expressions of what it writes. */
const LANDMARKS: readonly [RegExp, string][] = [
  [/<div class="col-content">/, '<div class="col-content" role="main">'],
  [/<div class="page-menu">/, '<div class="page-menu" role="complementary" aria-label="This page">'],
  [/<nav id="tsd-sidebar-links"/, '<nav id="tsd-sidebar-links" aria-label="Besides"'],
  [/<nav class="tsd-navigation">/, '<nav class="tsd-navigation" aria-label="Menu">'],
];

/**
 * Writes the API reference and the pages into `out`, with typedoc. Its options are those of package.json in the current
 * folder, except the ones that are given here. The entry points are those of the package.
 *
 * @throws {Error} if typedoc warns, for example of an export without documentation. Typedoc prints the warnings itself.
 */
export async function writeReference(
  { readme, documents }: Pages,
  out: string,
  options: TypeDocOptions = {},
): Promise<void> {
  const app = await Application.bootstrapWithPlugins(
    {
      entryPoints: entries.map(({ source }) => source),
      ...options,
      readme,
      projectDocuments: documents,
      out,
      theme: "site",
      customFooterHtml: `${manifest.name} ${manifest.version}, ${manifest.license} licensed`,
      markdownItLoader: extendMarkdown,
    },
    [new PackageJsonReader(), new TSConfigReader()],
  );
  app.renderer.defineTheme("site", SiteTheme);
  nameModules(app);

  app.renderer.on(IndexEvent.PREPARE_INDEX, (event: IndexEvent) => {
    for (let index = event.searchResults.length - 1; index >= 0; index--) {
      const result = event.searchResults[index];
      if (result?.isDocument() && result.frontmatter["group"] === FILES) event.removeResult(index);
    }
  });
  app.renderer.on(PageEvent.END, (page: PageEvent) => {
    const top = posix.relative(posix.dirname(page.url), ".") || ".";
    const contents = (page.contents ?? "").replaceAll(`href="${SITE}`, `href="${top}/`);
    page.contents = LANDMARKS.reduce((html, [found, named]) => html.replace(found, named), contents);
  });

  const project = await app.convert();
  if (!project) throw new Error("typedoc could not read the source");
  app.validate(project);
  refuseWarnings(app);
  await app.generateOutputs(project);
  refuseWarnings(app);
}

function refuseWarnings({ logger }: Application): void {
  if (logger.hasErrors() || logger.hasWarnings()) throw new Error("typedoc warned: see above");
}

/** A module is called what it is imported as. */
function nameModules(app: Application): void {
  const names = new Map(entries.map(({ name, source }) => [source.replace(/^src\/|\.ts$/g, ""), name]));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      module.name = names.get(module.name) ?? module.name;
    }
  });
}
