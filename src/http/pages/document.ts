import type { PageInput } from "../pages.ts";
import type { TaggedTexts, TitledText } from "../texts/texts.ts";
import { type Child, Html, html } from "./html.ts";

/** The parts that all pages share: the style sheet, and the choices of the application. */
export interface Frame {
  readonly styles: string;
  readonly logoUrl: string | undefined;
  readonly stylesheet: string | undefined;
}

/** The content of one page. */
export interface Content {
  readonly title: string;
  /** Why the visitor is here. Comes first on the page and in its title, because the cursor is in a field below. */
  readonly notice?: TitledText | undefined;
  /** The form has a mistake. Screen readers hear of it first, in the title. */
  readonly isError?: boolean;
  readonly body: readonly Child[];
}

/** Renders a whole document. */
export function renderDocument(frame: Frame, texts: TaggedTexts, input: PageInput, content: Content): string {
  const { styles, logoUrl, stylesheet } = frame;
  const { title, notice, isError, body } = content;
  const titles = [notice?.title, isError ? texts.errorTitle(title) : title, input.appName];
  // Cloudflare would replace each address by "[email protected]" and a script that the policy forbids.
  return html`<!doctype html>
<html lang="${texts.tag}" dir="${texts.direction ?? "ltr"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${titles.filter((each) => each !== undefined).join(" · ")}</title>
<link rel="icon" href="${logoUrl ?? "data:,"}">
<style>${new Html(styles)}</style>
${stylesheet !== undefined && html`<link rel="stylesheet" href="${stylesheet}">`}
</head>
<body>
<!--email_off-->
<header><a class="brand" href="${input.paths.home}">${renderBrand(input.appName, logoUrl)}</a></header>
<main>
${notice && renderNotice(notice)}
${body}
</main>
<!--/email_off-->
</body>
</html>
`.markup;
}

const renderBrand = (appName: string, logoUrl: string | undefined): Html =>
  logoUrl === undefined ? html`<bdi>${appName}</bdi>` : html`<img src="${logoUrl}" alt="${appName}">`;

const renderNotice = ({ title, detail }: TitledText): Html =>
  html`<div class="notice" id="notice" role="alert"><p><strong>${title}</strong></p><p>${detail}</p></div>`;

/** Renders a link on a separate line. */
export const renderAction = (path: string, label: string): Html =>
  html`<p class="actions"><a href="${path}">${label}</a></p>\n`;

/** An input with its label and everything that is said about it. */
export interface Field {
  id: string;
  label: string;
  type: "email" | "password" | "text";
  autocomplete: string;
  /** A code: it is written from left to right in every language, and has no spelling to correct. */
  isCode?: boolean;
  /** Whether a phone shows its digits. */
  isNumeric?: boolean;
  value?: string;
  minLength?: number | undefined;
  /** Lines between the label and the input. */
  hint?: readonly string[];
  errors: readonly string[];
  /** The id of a notice, or of an error at another field, that the visitor must know about here. */
  describedBy?: string | undefined;
  isInvalid?: boolean;
  /** Whether the visitor goes on here. */
  isFocused: boolean;
}

// The server judges the input and speaks the language of the page, which browsers may not, so forms are `novalidate`.
export function renderField(field: Field): Html {
  const { id, label, type, autocomplete, value, minLength, hint = [], errors, describedBy, isFocused } = field;
  const isInvalid = field.isInvalid || errors.length > 0;
  const described = [hint.length > 0 && `${id}-hint`, errors.length > 0 && `${id}-error`, describedBy].filter(Boolean);
  return html`<div class="field"><label for="${id}">${label}</label>
${hint.length > 0 && html`<p class="hint" id="${id}-hint">${hint.map((line, index) => [index > 0 && html`<br>`, line])}</p>`}
<input id="${id}" name="${id}" type="${type}" autocomplete="${autocomplete}" required${[
    type === "email" && html` dir="auto"`,
    field.isCode && html` dir="ltr" autocapitalize="none" spellcheck="false"`,
    field.isNumeric && html` inputmode="numeric"`,
    value !== undefined && value !== "" && html` value="${value}"`,
    minLength !== undefined && html` minlength="${minLength}"`,
    described.length > 0 && html` aria-describedby="${described.join(" ")}"`,
    isInvalid && html` aria-invalid="true"`,
    isFocused && html` autofocus`,
  ]}>
${errors.length > 0 && html`<div id="${id}-error" role="alert">${errors.map((error) => html`<p class="error" dir="auto">${error}</p>`)}</div>`}
</div>
`;
}

/** A choice between values, each with its name. */
export interface Choice {
  id: string;
  label: string;
  options: readonly (readonly [value: string, name: string])[];
  chosen: string;
}

export const renderChoice = ({ id, label, options, chosen }: Choice): Html =>
  html`<div class="field"><label for="${id}">${label}</label>
<select id="${id}" name="${id}">${options.map(
    ([value, name]) => html`<option value="${value}"${value === chosen && html` selected`}>${name}</option>`,
  )}</select>
</div>
`;

export const renderHidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}">
`;

/**
 * Tells the password manager whose password this is. It has no name, so it is not sent back: the link alone decides whose
 * password is set.
 */
export const renderUsername = (email: string, label: string): Html =>
  html`<input class="username" type="text" autocomplete="username" value="${email}" aria-label="${label}" readonly tabindex="-1">\n`;

/** A sentence with an address in it, which is marked up and isolated (UAX #9). */
export function renderWithEmail(sentence: (email: string) => string, email: string): Child[] {
  const [before, ...parts] = sentence("\0").split("\0");
  return [before, ...parts.flatMap((part) => [html`<strong><bdi>${email}</bdi></strong>`, part])];
}

const mark = (drawing: string): Html =>
  html`<div class="mark"><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${new Html(drawing)}</svg></div>\n`;

export const MARKS = {
  mail: mark('<rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="m3.5 7.5 8.5 6 8.5-6"/>'),
  clock: mark('<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.25 2"/>'),
  alert: mark('<path d="M12 3.5 2.5 20h19L12 3.5Z"/><path d="M12 10v4.5M12 17.25v.01"/>'),
};
