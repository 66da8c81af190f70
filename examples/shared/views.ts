import { Html, html } from "./html.ts";
import { actions, ICONS, type LayoutOptions, layout, mark, notice, type Site } from "./layout.ts";
import { styleSource } from "./styles.ts";
import { type Texts, textsFor } from "./texts.ts";

/** Every view is told the visitor's language: an Accept-Language header, or a tag. */
interface Page {
  locale: string | undefined;
}

/** The pages, as plain functions from data to a whole HTML document. They know nothing of any framework. */
export function createViews(site: Site) {
  const page = (texts: Texts, title: string, content: Html, options?: LayoutOptions) =>
    layout(site, texts, title, content, options);

  return {
    styleSource,

    request(
      input: Page & { notice?: RequestNotice | undefined; error?: RequestError | undefined; email?: string },
    ) {
      const texts = textsFor(input.locale);
      const { title, lead, submit, back, notices, errors } = texts.request;
      return page(
        texts,
        title,
        html`${input.notice && notice("bad", notices[input.notice])}
<h1>${title}</h1>
<p class="quiet">${lead}</p>
<form method="post" action="${site.resetPath}" novalidate>
${field({ id: "email", label: texts.email, ...emailInput, value: input.email, errors: input.error ? [errors[input.error]] : [], focus: true })}
<button class="button">${submit}</button>
</form>
${actions(site.loginPath, back)}`,
        { failed: input.error !== undefined },
      );
    },

    sent(input: Page) {
      const texts = textsFor(input.locale);
      const { title, lead, detail, again } = texts.sent;
      return page(
        texts,
        title,
        html`${mark(ICONS.mail)}
<h1>${title}</h1>
<p>${lead}</p>
<p class="quiet">${detail}</p>
${actions(site.resetPath, again)}`,
      );
    },

    form(input: Page & FormInput) {
      const texts = textsFor(input.locale);
      const { title, account, password, confirmation, requirements, mismatch, submit, aftermath } =
        texts.form;
      const refused = input.violations.length > 0;
      return page(
        texts,
        title,
        html`<h1>${title}</h1>
${input.email && html`<p class="account">${account} <strong>${input.email}</strong></p>`}
<form method="post" action="${input.action}" novalidate>
<input type="hidden" name="handle" value="${input.handle}">
${input.email && username(input.email, texts)}
${field({
  id: "password",
  label: password,
  ...newPasswordInput,
  hint: requirements(site.passwordMinLength),
  errors: input.violations,
  focus: true,
})}
${field({
  id: "password_confirmation",
  label: confirmation,
  ...newPasswordInput,
  errors: input.mismatch ? [mismatch] : [],
  focus: false,
})}
<button class="button">${submit}</button>
</form>
<p class="quiet small">${aftermath}</p>`,
        { failed: refused || input.mismatch },
      );
    },

    login(input: Page & { passwordSet: boolean; refused: boolean; email?: string }) {
      const texts = textsFor(input.locale);
      const { title, submit, forgotten, passwordSet, refused } = texts.login;
      return page(
        texts,
        title,
        html`${input.passwordSet && notice("good", { title: passwordSet })}
${input.refused && notice("bad", { title: refused })}
<h1>${title}</h1>
<form method="post" action="${site.loginPath}" novalidate>
${field({ id: "email", label: texts.email, ...emailInput, value: input.email, focus: !input.refused })}
${field({ id: "password", label: texts.password, type: "password", autocomplete: "current-password", focus: input.refused })}
<button class="button">${submit}</button>
</form>
${actions(site.resetPath, forgotten)}`,
        { failed: input.refused },
      );
    },

    home(input: Page & { name: string; email: string; sessions: number }) {
      const texts = textsFor(input.locale);
      const { title, greeting, account, sessions, hint, signOut } = texts.home;
      return page(
        texts,
        title,
        html`<p class="quiet small">${title}</p>
<h1>${greeting(input.name)}</h1>
<dl>
<div><dt>${account}</dt><dd>${input.email}</dd></div>
<div><dt>${sessions}</dt><dd>${input.sessions}</dd></div>
</dl>
<p class="quiet small">${hint}</p>
<form method="post" action="${site.logoutPath}"><button class="button second">${signOut}</button></form>`,
      );
    },

    problem(input: Page & { status: ProblemStatus; retryAfterSeconds?: number | undefined }) {
      const texts = textsFor(input.locale);
      const { title, detail } = texts.problem[input.status];
      return page(
        texts,
        title,
        html`${mark(input.status === 429 ? ICONS.clock : ICONS.alert)}
<h1>${title}</h1>
<p class="quiet">${detail}</p>
${input.retryAfterSeconds !== undefined && html`<p>${texts.problem.later} ${inMinutes(input.retryAfterSeconds, texts)}.</p>`}
${actions(site.homePath, texts.problem.home)}`,
      );
    },

    /** Why a program is refused, in a sentence. */
    problemDetail({ locale, status, reason }: Page & { status: ProblemStatus; reason: string }): string {
      const { problem, request } = textsFor(locale);
      const details: Readonly<Record<string, string>> = { ...request.errors, ...problem.details };
      return details[reason] ?? problem[status].detail;
    },

    /** A page of the development inbox. */
    inbox(title: string, content: Html) {
      return page(textsFor("en"), title, content, { wide: true });
    },
  };
}

export type Views = ReturnType<typeof createViews>;

type RequestNotice = keyof Texts["request"]["notices"];
type RequestError = keyof Texts["request"]["errors"];
export type ProblemStatus = Extract<keyof Texts["problem"], number>;

interface FormInput {
  action: string;
  /** Says which link this form belongs to; no secret. */
  handle: string;
  /** Whose password it is: for the person, and for the password manager. */
  email: string | undefined;
  /** What is wrong with the password. */
  violations: readonly string[];
  /** The second password is another one. */
  mismatch: boolean;
}

interface Field {
  id: string;
  label: string;
  type: string;
  autocomplete: string;
  value?: string | undefined;
  hint?: string | undefined;
  errors?: readonly string[];
  /** Where the person goes on: the first field, or the first one with an error. */
  focus: boolean;
}

const emailInput = { type: "email", autocomplete: "username" };
const newPasswordInput = { type: "password", autocomplete: "new-password" };

// The forms are `novalidate`: browsers refuse addresses that exist (josé@example.com) and say so in their own
// words, in their own language. The server's answer stands at the field.
function field({ id, label, type, autocomplete, value, hint, errors = [], focus }: Field): Html {
  const described = [hint && `${id}-hint`, errors.length > 0 && `${id}-error`].filter(Boolean).join(" ");
  return html`<div>
<label for="${id}">${label}</label>
${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
<input id="${id}" name="${id}" type="${type}" autocomplete="${autocomplete}" required${
    value !== undefined && html` value="${value}"`
  }${described && html` aria-describedby="${described}"`}${errors.length > 0 && new Html(' aria-invalid="true"')}${
    focus && new Html(" autofocus")
  }>
${errors.length > 0 && html`<div class="error" id="${id}-error" role="alert">${errors.map((error) => html`<p>${error}</p>`)}</div>`}
</div>`;
}

// Tells the password manager whose new password this is. Without a name, so that it is not even sent back: the
// link alone decides whose password is set.
const username = (email: string, texts: Texts): Html =>
  html`<input class="username" type="text" autocomplete="username" value="${email}" aria-label="${texts.email}" readonly tabindex="-1">`;

const inMinutes = (seconds: number, texts: Texts): string =>
  new Intl.RelativeTimeFormat(texts.tag).format(Math.ceil(seconds / 60), "minute");
