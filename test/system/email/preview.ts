import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Language } from "relatch/languages";
import { escapeHtml } from "../../../src/messages/layout.ts";
import { languages, type Persona, type Sample, samplesOf } from "./samples.ts";

// `npm run mail:preview` writes ./mail-preview: open its index.html in a browser.

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="96"><circle cx="48" cy="48" r="40" fill="#0f766e"/><text x="104" y="66" font-family="sans-serif" font-size="56" fill="#134e4a">Acme</text></svg>`;
/** In place of an image on a server, so that the gallery needs no network. */
const LOGO_URL = "https://example.com/logo.png";
const LOGO_DATA = `data:image/svg+xml,${encodeURIComponent(LOGO)}`;

const PERSONAS: Record<string, Persona> = {
  plain: { name: "Mike Stone" },
  dressed: {
    appName: "Büro & Söhne (Wien)",
    mention: "2001:4860:4860::8888",
    options: { supportAddress: "help@acme.example", accent: "#0f766e", logoUrl: LOGO_URL, signInWith: "Google" },
  },
};

/** Writes the gallery and returns how many emails it shows. */
export async function writePreview(folder: string): Promise<number> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, ".gitignore"), "*\n");
  const sections = await Promise.all(languages.map((language) => sectionOf(folder, language)));
  await writeFile(join(folder, "index.html"), indexOf(sections.map(({ html }) => html)));
  return sections.reduce((sum, { count }) => sum + count, 0);
}

async function sectionOf(folder: string, language: Language) {
  const rows: string[] = [];
  for (const [persona, details] of Object.entries(PERSONAS)) {
    for (const sample of await samplesOf(language, details)) {
      const stem = `${language.tag}-${persona}-${sample.kind}`;
      await writeSample(folder, stem, sample);
      rows.push(rowOf(stem, `${persona}: ${sample.kind}`, sample));
    }
  }
  const html = `<h2 id="${language.tag}">${nameOf(language)} (${language.tag})</h2>${rows.join("\n")}`;
  return { html, count: rows.length };
}

async function writeSample(folder: string, stem: string, { content }: Sample): Promise<void> {
  const html = (content.html ?? "").replaceAll(LOGO_URL, LOGO_DATA);
  // A frame cannot be told which color scheme its reader prefers.
  const never = html.replaceAll("(prefers-color-scheme:dark)", "not all");
  const always = html.replaceAll("(prefers-color-scheme:dark)", "all");
  await Promise.all([
    writeFile(join(folder, `${stem}-light.html`), never),
    writeFile(join(folder, `${stem}-dark.html`), always),
    writeFile(join(folder, `${stem}.txt`), `\ufeff${content.subject}\n\n${content.text}`),
  ]);
}

function rowOf(stem: string, title: string, { language, content }: Sample): string {
  const frame = (scheme: string, width: number) =>
    `<iframe loading="lazy" width="${width}" height="720" src="${stem}-${scheme}.html" title="${title}, ${scheme}, ${width} px"></iframe>`;
  const frames = [320, 600].flatMap((width) => ["light", "dark"].map((scheme) => frame(scheme, width)));
  return `<details open><summary>${title}: <bdi>${escapeHtml(content.subject)}</bdi></summary>
<div class="row">${frames.join("\n")}
<pre lang="${language.tag}" dir="auto"><a href="${stem}.txt">text</a>

${escapeHtml(content.text)}</pre></div></details>`;
}

const nameOf = ({ tag }: Language): string => new Intl.DisplayNames("en", { type: "language" }).of(tag) ?? tag;

const indexOf = (sections: readonly string[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The emails</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem; }
h2 { scroll-margin-top: 3rem; }
nav { position: sticky; top: 0; padding: .5rem 0; background: Canvas; }
.row { display: flex; gap: 1rem; overflow-x: auto; align-items: start; padding: .5rem 0 2rem; }
iframe { flex: none; border: 1px solid #9ca3af; }
pre { flex: none; width: 40rem; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
</style>
<h1>The emails</h1>
<nav>${languages.map(({ tag }) => `<a href="#${tag}">${tag}</a>`).join(" ")}</nav>
${sections.join("\n")}
</html>
`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = join(process.cwd(), "mail-preview");
  const count = await writePreview(folder);
  console.log(`${count} emails: open ${join(folder, "index.html")}`);
}
