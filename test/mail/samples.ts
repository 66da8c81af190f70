import type { Language } from "relatch/languages";
import * as modules from "relatch/languages";
import { type MessageContent, standardMessages, standardNotices } from "relatch/messages";

/** Every language there is, English first. */
export const languages: readonly [Language, ...Language[]] = [
  modules.en,
  ...Object.values(modules).filter((language) => language !== modules.en),
];

/** One mail of one language. */
export interface Sample {
  language: Language;
  kind: (typeof kinds)[number];
  content: MessageContent;
}

export const kinds = ["resetLink", "passwordChanged", "noAccount", "noPassword"] as const;

/** The link of a signed token, the longest there is. */
export const URL_IN_MAIL = `https://accounts.example.com/password_reset/${"AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_".repeat(7).slice(0, 244)}`;

/** What can be said of a reader and of the application. */
export interface Persona {
  name?: string | undefined;
  appName?: string | undefined;
  url?: string | undefined;
  options?: Parameters<typeof standardNotices>[0];
}

/** Every mail of a language. */
export async function samplesOf(language: Language, persona: Persona = {}): Promise<Sample[]> {
  const { name, appName = "Acme", url = URL_IN_MAIL, options = {} } = persona;
  const { signInWith: _, ...common } = options;
  const messages = { ...standardMessages(common), ...standardNotices(options) };
  const input = { to: { userId: "42", name, locale: language.tag }, appName, language };
  const contents = {
    resetLink: await messages.resetLink({ ...input, url, lifetime: 60 * 60_000 }),
    passwordChanged: await messages.passwordChanged({
      ...input,
      changedAt: new Date(Date.UTC(2026, 10, 22, 23, 5)),
    }),
    noAccount: await messages.noAccount({ ...input, to: { ...input.to, name: undefined } }),
    noPassword: await messages.noPassword(input),
  };
  return kinds.map((kind) => ({ language, kind, content: contents[kind] }));
}
