import { renderIsolates } from "./bidi.ts";
import { type ButtonColors, CARD } from "./colors.ts";
import type { Language } from "./language.ts";
import type { EmailStyle } from "./options.ts";

/** The content of an email, before it is rendered as text and as HTML. */
export interface Draft {
  language: Language;
  appName: string;
  subject: string;
  /** Mail clients show it next to the subject. */
  preview: string;
  blocks: readonly Block[];
}

/**
 * A paragraph, a code to be typed, or an address to be read and copied. With a button the address is a URL, and `plainLink`
 * introduces it written out.
 */
export type Block = string | { code: string } | { address: string; button?: { action: string; plainLink: string } };

/** Renders the text part, which is complete by itself. Addresses and URLs have lines to themselves. */
export function renderText({ appName, blocks }: Draft): string {
  const paragraphs = blocks.map((block) => {
    if (typeof block === "string") return block;
    return "code" in block ? block.code : block.address;
  });
  return `${[...paragraphs, `-- \n${appName}`].join("\n\n")}\n`;
}

/**
 * Renders the HTML part: tables, inline styles, a few rules for dark mode and small screens. It loads nothing but the logo.
 * Every value is escaped here and nowhere else.
 *
 * Webmail removes `<html>` and `<body>`, so the first element inside repeats their attributes. Outlook for Windows reads
 * widths from attributes only, and padding from table cells only. Signed tokens are long, so the URL written out comes last.
 */
export function renderHtml({ language, appName, subject, preview, blocks }: Draft, style: EmailStyle): string {
  const lang = `lang="${escapeHtml(language.tag)}" dir="${language.direction ?? "ltr"}"`;
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
<title>${escapeHtml(subject)}</title>
${renderStyles(style.accent.dark)}
</head>
<body class="page" style="margin:0;padding:0;background:${PAGE}">
<div ${lang} class="page text" style="background:${PAGE};${text}">
<div style="${HIDDEN}">${renderInline(preview)}
${FILLER}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="520" cellpadding="0" cellspacing="0" border="0" style="${CARD_STYLE}">
<tr><td class="cell text" style="padding:32px 32px 16px;${text}">
${renderBrand(appName, style.logoUrl)}
<h1 style="margin:0 0 20px;font-size:22px;line-height:1.35;font-weight:700">${renderInline(subject)}</h1>
${blocks.map((block) => renderBlock(block, style.accent.light)).join("\n")}
${blocks.map(renderPlainLink).join("")}</td></tr>
</table>
</td></tr>
</table>
</div>
</body>
</html>
`;
}

function renderBlock(block: Block, { background, text, edge }: ButtonColors["light"]): string {
  if (typeof block === "string") return `<p style="margin:0 0 16px">${renderInline(block)}</p>`;
  if ("code" in block) return `<p class="text" dir="ltr" style="${CODE}">${escapeHtml(block.code)}</p>`;
  const { address, button } = block;
  if (!button) return `<p style="margin:0 0 16px;font-weight:600">${renderAddress(address)}</p>`;
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 24px">
<tr><td class="button" bgcolor="${background}" style="border-radius:8px;border:1px solid ${edge};background:${background};mso-padding-alt:13px 24px">
<a class="label" href="${escapeHtml(address)}" style="${LABEL};color:${text}">${renderInline(button.action)}</a>
</td></tr>
</table>`;
}

function renderPlainLink(block: Block): string {
  if (typeof block === "string" || "code" in block || !block.button) return "";
  return `<p class="quiet rule" style="${QUIET};padding:16px 0 0;border-top:1px solid ${LINE}">${renderInline(block.button.plainLink)}<br>
${renderAddress(block.address)}</p>
`;
}

// The heading and its sentences contain the name as well, so nobody misses a logo that is not loaded.
function renderBrand(appName: string, logoUrl: string | undefined): string {
  const name = escapeHtml(appName);
  if (logoUrl === undefined) return `<p class="quiet" style="${QUIET};font-weight:600">${name}</p>`;
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 24px">
<tr><td class="logo"><img src="${escapeHtml(logoUrl)}" alt="${name}" width="120" style="${LOGO}"></td></tr>
</table>`;
}

/** Left to right even in Arabic, and broken wherever the line ends. */
const renderAddress = (address: string): string =>
  `<span dir="ltr" style="word-break:break-all">${escapeHtml(address)}</span>`;

const renderInline = (text: string): string => renderIsolates(escapeHtml(text));

/** Escapes text for HTML content and for quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const PAGE = "#f3f4f6";
const LINE = "#e5e7eb";
// Outlook for Windows uses the first font if it has it, and otherwise a serif one.
const FONT = "'Segoe UI',-apple-system,BlinkMacSystemFont,Roboto,Helvetica,Arial,sans-serif";
const TEXT = `font:16px/1.6 ${FONT};color:#1f2937;overflow-wrap:anywhere`;
const QUIET = "margin:0 0 16px;font-size:14px;color:#4b5563";
// Wide gaps make eight digits readable, and are not copied with them. The indent balances the gap after the last digit, and
// ten digits still fit into 320 pixels.
const CODE =
  "margin:24px 0;font-size:32px;line-height:1.4;font-weight:700;letter-spacing:4px;text-indent:4px;text-align:center";
const LABEL = "display:inline-block;padding:13px 24px;font-weight:600;text-align:center;text-decoration:none";
const LOGO = "display:block;width:auto;max-width:160px;height:auto;max-height:64px;border:0";
const CARD_STYLE = `width:100%;max-width:520px;background:${CARD.light};border:1px solid ${LINE};border-radius:12px`;

function renderStyles(button: ButtonColors["dark"]): string {
  const dark = [
    ".page{background:#111827!important}",
    `.card{background:${CARD.dark}!important;border-color:#4b5563!important}`,
    ".rule{border-color:#4b5563!important}",
    ".text{color:#f3f4f6!important}",
    ".quiet{color:#d1d5db!important}",
    // A logo was drawn for a white page.
    `.logo{background:${CARD.light}!important;padding:8px!important;border-radius:8px!important}`,
    `.button{background:${button.background}!important;border-color:${button.edge}!important}`,
    `.label{color:${button.text}!important}`,
  ];
  return `<style>:root{color-scheme:light dark}
@media (max-width:480px){.cell{padding:24px 20px 8px!important}}
@media (prefers-color-scheme:dark){${dark.join("")}}</style>
<style>${dark.map((rule) => `[data-ogsc] ${rule}`).join("\n")}</style>`;
}

const HIDDEN =
  "display:none;overflow:hidden;max-width:0;max-height:0;font-size:1px;line-height:1px;opacity:0;mso-hide:all";
/** Blanks that no client collapses, so that it shows nothing else after the preview. */
const FILLER = `${"&#847;&#8204;&#160;".repeat(20)}\n`.repeat(6).trimEnd();
