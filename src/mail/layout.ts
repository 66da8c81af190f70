import { isolatesAsSpans } from "./bidi.ts";
import { type ButtonColours, CARD } from "./colours.ts";
import type { Language } from "./language.ts";

/** A paragraph, a button, or an address to be seen and copied as it is. */
export type Block = string | Button | { address: string };

/** `plainLink` introduces its address, which stands in plain sight at the end: signed tokens are long. */
export interface Button {
  label: string;
  url: string;
  plainLink: string;
}

/** What a mail says, before it is text or HTML. */
export interface MailParts {
  language: Language;
  appName: string;
  title: string;
  /** What a mail client shows beside the subject. */
  preview: string;
  blocks: readonly Block[];
}

/** How the HTML part looks. */
export interface Look {
  /** https. */
  logoUrl?: string | undefined;
  button: Record<keyof typeof CARD, ButtonColours>;
}

/** The text part, complete by itself. An address has a line of its own: nothing beside it gets into it. */
export function textMail({ appName, blocks }: MailParts): string {
  const lines = blocks.map((block) => {
    if (typeof block === "string") return block;
    return "url" in block ? block.url : block.address;
  });
  return `${[...lines, `-- \n${appName}`].join("\n\n")}\n`;
}

/**
 * The HTML part: tables, inline styles, a few rules for dark mode and small screens, nothing loaded from anywhere but
 * the logo. Every value is escaped here and nowhere else.
 *
 * Webmail takes `<html>` and `<body>` away: what they say stands on the first element within too. Outlook for Windows
 * takes widths from attributes, and padding from table cells alone.
 */
export function htmlLayout(look: Look): (parts: MailParts) => string {
  const styles = styleSheets(look);
  return ({ language, appName, title, preview, blocks }) => {
    const lang = `lang="${escapeHtml(language.tag)}" dir="${language.direction}"`;
    // Korean lines end between words, as those of other alphabets do, unless a word is longer than the line.
    const text = `${TEXT};word-break:${/^ko\b/i.test(language.tag) ? "keep-all" : "break-word"}`;
    return `<!doctype html>
<html ${lang}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="x-apple-disable-message-reformatting" content="yes">
<meta name="format-detection" content="telephone=no,date=no,address=no">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(title)}</title>
${styles}
</head>
<body class="page" style="margin:0;padding:0;background:${PAGE}">
<div ${lang} class="page text" style="background:${PAGE};${text}">
<div style="${HIDDEN}">${inline(preview)}
${FILLER}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="520" cellpadding="0" cellspacing="0" border="0" style="${CARD_STYLE}">
<tr><td class="cell text" style="padding:32px 32px 16px;${text}">
${brand(appName, look)}
<h1 style="margin:0 0 20px;font-size:22px;line-height:1.35;font-weight:700">${inline(title)}</h1>
${blocks.map((block) => blockHtml(block, look)).join("\n")}
${blocks.map(plainLink).join("")}</td></tr>
</table>
</td></tr>
</table>
</div>
</body>
</html>
`;
  };
}

function blockHtml(block: Block, look: Look): string {
  if (typeof block === "string") return `<p style="margin:0 0 16px">${inline(block)}</p>`;
  if ("address" in block) return `<p style="margin:0 0 16px;font-weight:600">${verbatim(block.address)}</p>`;
  const { background, text, edge } = look.button.light;
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 24px">
<tr><td class="button" bgcolor="${background}" style="border-radius:8px;border:1px solid ${edge};background:${background};mso-padding-alt:13px 24px">
<a class="label" href="${escapeHtml(block.url)}" style="${LABEL};color:${text}">${inline(block.label)}</a>
</td></tr>
</table>`;
}

const plainLink = (block: Block): string =>
  typeof block === "object" && "url" in block
    ? `<p class="quiet rule" style="${QUIET};padding:16px 0 0;border-top:1px solid ${LINE}">${inline(block.plainLink)}<br>
${verbatim(block.url)}</p>
`
    : "";

// The name beside the h1 and in its sentences: a logo that is not loaded is not missed.
function brand(appName: string, { logoUrl }: Look): string {
  const name = escapeHtml(appName);
  if (logoUrl === undefined) return `<p class="quiet" style="${QUIET};font-weight:600">${name}</p>`;
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 24px">
<tr><td class="logo"><img src="${escapeHtml(logoUrl)}" alt="${name}" width="120" style="${LOGO}"></td></tr>
</table>`;
}

/** From left to right also in Arabic, broken wherever the line ends. */
const verbatim = (address: string): string =>
  `<span dir="ltr" style="word-break:break-all">${escapeHtml(address)}</span>`;

const inline = (text: string): string => isolatesAsSpans(escapeHtml(text));

/** Text as HTML shows it, in content and in quoted attributes. Asked first: most texts have nothing to replace. */
export const escapeHtml = (text: string): string =>
  /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`) : text;

const PAGE = "#f3f4f6";
const LINE = "#e5e7eb";
// Outlook for Windows takes the first font if it has it, and else a serif one.
const FONT = "'Segoe UI',-apple-system,BlinkMacSystemFont,Roboto,Helvetica,Arial,sans-serif";
const TEXT = `font:16px/1.6 ${FONT};color:#1f2937;overflow-wrap:anywhere`;
const QUIET = "margin:0 0 16px;font-size:14px;color:#4b5563";
const LABEL = "display:inline-block;padding:13px 24px;font-weight:600;text-align:center;text-decoration:none";
const LOGO = "display:block;width:auto;max-width:160px;height:auto;max-height:64px;border:0";
const CARD_STYLE = `width:100%;max-width:520px;background:${CARD.light};border:1px solid ${LINE};border-radius:12px`;

function styleSheets(look: Look): string {
  const dark = darkRules(look);
  return `<style>:root{color-scheme:light dark}
@media (max-width:480px){.cell{padding:24px 20px 8px!important}}
@media (prefers-color-scheme:dark){${dark.join("")}}</style>
<style>${dark.map((rule) => `[data-ogsc] ${rule}`).join("\n")}</style>`;
}

const darkRules = ({ button: { dark } }: Look): string[] => [
  ".page{background:#111827!important}",
  `.card{background:${CARD.dark}!important;border-color:#4b5563!important}`,
  ".rule{border-color:#4b5563!important}",
  ".text{color:#f3f4f6!important}",
  ".quiet{color:#d1d5db!important}",
  // A logo drawn for a white page.
  `.logo{background:${CARD.light}!important;padding:8px!important;border-radius:8px!important}`,
  `.button{background:${dark.background}!important;border-color:${dark.edge}!important}`,
  `.label{color:${dark.text}!important}`,
];

const HIDDEN =
  "display:none;overflow:hidden;max-width:0;max-height:0;font-size:1px;line-height:1px;opacity:0;mso-hide:all";
/** Blanks that no client puts together, so that it shows nothing else after the preview. */
const FILLER = `${"&#847;&#8204;&#160;".repeat(20)}\n`.repeat(6).trimEnd();
