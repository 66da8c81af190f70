import { TimeSpan } from "relatch";
import type { Language } from "relatch/languages";
import * as modules from "relatch/languages";
import { durationInWords, type MessageContent, standardMessages, standardNotices } from "relatch/messages";

/** Every language there is, English first. */
export const languages: readonly [Language, ...Language[]] = [
  modules.en,
  ...Object.values(modules).filter((language) => language !== modules.en),
];

/** One email in one language. */
export interface Sample {
  language: Language;
  kind: (typeof kinds)[number];
  content: MessageContent;
}

export const kinds = ["resetLink", "resetCode", "invitation", "passwordChanged", "noAccount", "noPassword"] as const;

/** Reports whether an email contains a link. */
export const isWithLink = (kind: Sample["kind"]): boolean => ["resetLink", "resetCode", "invitation"].includes(kind);

/** The code of `resetCode`. No other number in an email contains it. */
export const CODE_IN_MAIL = "40718265";

/** The link of a signed token, the longest there is. */
export const URL_IN_MAIL = `https://accounts.example.com/password_reset/${"AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_".repeat(7).slice(0, 244)}`;

/** The properties of a recipient and of the application. */
export interface Persona {
  name?: string | undefined;
  appName?: string | undefined;
  url?: string | undefined;
  /** The client behind the request, with `mentionRequest`. `null` is a client whose address is not known. */
  mention?: string | null | undefined;
  options?: Parameters<typeof standardNotices>[0];
}

/** Composes every email of a language. */
export async function samplesOf(language: Language, persona: Persona = {}): Promise<Sample[]> {
  const { name, appName = "Acme", url = URL_IN_MAIL, mention, options = {} } = persona;
  const { signInWith: _, ...common } = options;
  const messages = { ...standardMessages(common), ...standardNotices(options) };
  const at = new Date(Date.UTC(2026, 10, 22, 23, 5));
  const mentioned = mention === undefined ? {} : { requestedAt: at, requestedFrom: mention ?? undefined };
  const input = { to: { userId: "42", name, locale: language.tag }, name, appName, language, ...mentioned };
  const link = (lifetime: TimeSpan) => ({
    ...{ url, expiresAt: new Date(at.getTime() + lifetime.milliseconds()) },
    validFor: durationInWords(lifetime, language),
  });
  const code = {
    ...{ code: CODE_IN_MAIL, codeExpiresAt: new Date(at.getTime() + 600_000) },
    codeValidFor: durationInWords(new TimeSpan(10, "m"), language),
  };
  const contents = {
    resetLink: await messages.resetLink({ ...input, kind: "reset_link", ...link(new TimeSpan(1, "h")) }),
    resetCode: await messages.resetCode({ ...input, kind: "reset_code", ...link(new TimeSpan(1, "h")), ...code }),
    invitation: await messages.invitation({ ...input, kind: "invitation", ...link(new TimeSpan(3, "d")) }),
    passwordChanged: await messages.passwordChanged({ ...input, kind: "password_changed", changedAt: at }),
    noAccount: await messages.noAccount({ ...input, kind: "no_account", to: { ...input.to, name: undefined } }),
    noPassword: await messages.noPassword({ ...input, kind: "no_password" }),
  };
  return kinds.map((kind) => ({ language, kind, content: contents[kind] }));
}
