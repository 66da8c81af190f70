import type { Language } from "./language.ts";

/** What a mail says, before it is text or HTML. */
export interface MailParts {
  language: Language;
  appName: string;
  title: string;
  /** Paragraphs before the button. */
  before: readonly string[];
  button?: { label: string; url: string; plainLink: string } | undefined;
  /** Paragraphs after it. */
  after: readonly string[];
}

/** The text part, complete by itself. */
export function textMail({ appName, before, button, after }: MailParts): string {
  const link = button ? [button.url] : [];
  return `${[...before, ...link, ...after, `-- \n${appName}`].join("\n\n")}\n`;
}

/**
 * The HTML part: one table, inline styles, a few rules for dark mode and small screens, nothing loaded from
 * anywhere. Every value is escaped here and nowhere else.
 */
export function htmlMail({ language, appName, title, before, button, after }: MailParts): string {
  const paragraph = (text: string) => `<p style="margin:0 0 16px">${escapeHtml(text)}</p>`;
  const url = escapeHtml(button?.url ?? "");
  const action = button
    ? `<p style="margin:24px 0"><a class="button" href="${url}" style="${BUTTON}">${escapeHtml(button.label)}</a></p>
<p class="quiet" style="${QUIET}">${escapeHtml(button.plainLink)}<br><span dir="ltr" style="word-break:break-all">${url}</span></p>`
    : "";
  return `<!doctype html>
<html lang="${escapeHtml(language.tag)}" dir="${language.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f4f6">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td align="center" style="padding:32px 16px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" style="${CARD}">
<tr><td style="padding:32px;font:16px/1.5 ${FONT};color:#1f2937" class="text">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">${escapeHtml(title)}</h1>
${before.map(paragraph).join("\n")}
${action}
${after.map(paragraph).join("\n")}
<p class="quiet" style="${QUIET};margin:24px 0 0">${escapeHtml(appName)}</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
}

const FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const CARD = "max-width:520px;background:#ffffff;border-radius:12px;border:1px solid #e5e7eb";
const QUIET = "margin:0 0 16px;font-size:14px;color:#4b5563";
const BUTTON =
  "display:inline-block;padding:12px 24px;border-radius:8px;background:#1d4ed8;color:#ffffff;font-weight:600;text-decoration:none";
const STYLE = `@media (prefers-color-scheme:dark){.page{background:#111827!important}.card{background:#1f2937!important;border-color:#374151!important}.text{color:#f3f4f6!important}.quiet{color:#d1d5db!important}.button{background:#93c5fd!important;color:#111827!important}}`;

/** Text as HTML shows it, in content and in quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
