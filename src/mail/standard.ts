import { isolated } from "./bidi.ts";
import { buttonColours, DEFAULT_ACCENT } from "./colours.ts";
import type { Language } from "./language.ts";
import { type Block, htmlLayout, type Look, type MailParts, textMail } from "./layout.ts";
import type { MessageContent, MessageInput, Messages } from "./messages.ts";
import { durationInWords, instantInWords } from "./words.ts";

/** The two mails that are always sent. */
export type StandardMessages = Pick<Messages, "resetLink" | "passwordChanged">;

/** The two that are sent when they are given. */
export type StandardNotices = {
  [Name in "noAccount" | "noPassword"]: NonNullable<Messages[Name]>;
};

/** What all mails have in common, checked. */
export interface Common extends Look {
  supportAddress?: string | undefined;
}

const PLAIN = (): Common => ({ button: buttonColours(DEFAULT_ACCENT) });

/** Loaded by the core with the first mail; so it needs nothing of the core, which would split its bundle. */
export function standard(common: Common = PLAIN()): StandardMessages {
  const htmlMail = htmlLayout(common);
  return {
    resetLink(input) {
      const { url, lifetime, language } = input;
      const words = language.resetLink;
      const { appName, mail } = opening(input, htmlMail);
      const holds = words.lifetime(durationInWords(lifetime, language));
      return mail(words.subject(appName), holds, [
        words.intro(appName),
        { label: words.action, url, plainLink: words.plainLink },
        holds,
        words.notYou,
      ]);
    },

    // No link to reset in here: whoever reads the mailbox would be handed the next step.
    passwordChanged(input) {
      const { changedAt, language } = input;
      const words = language.passwordChanged;
      const { appName, mail } = opening(input, htmlMail);
      const when = instantInWords(changedAt, language);
      return mail(words.subject(appName), words.signedOut, [
        words.intro(appName, when),
        words.signedOut,
        words.notYou,
        ...help(language, common),
      ]);
    },
  };
}

/** `way`: how somebody signs in, if that is known. */
export function notices(
  common: Common,
  way: (to: MessageInput["to"]) => Promise<string | undefined>,
): StandardNotices {
  const htmlMail = htmlLayout(common);
  return {
    noAccount(input) {
      const words = input.language.noAccount;
      const { appName, mail } = opening(input, htmlMail);
      return mail(words.subject(appName), words.otherAddress, [
        words.intro(appName),
        words.otherAddress,
        words.notYou,
        ...help(input.language, common),
      ]);
    },

    async noPassword(input) {
      const words = input.language.noPassword;
      const { appName, mail } = opening(input, htmlMail);
      const known = await way(input.to);
      const instead = known === undefined ? words.signIn : words.signInWith(isolated(known, input.language));
      return mail(words.subject(appName), instead, [
        words.intro(appName),
        instead,
        words.notYou,
        ...help(input.language, common),
      ]);
    },
  };
}

const help = ({ contact }: Language, { supportAddress: address }: Common): Block[] =>
  address === undefined ? [] : [contact, { address }];

/** The application's name as sentences take it, and the mail from its greeting on. */
function opening({ to, appName, language }: MessageInput, htmlMail: (parts: MailParts) => string) {
  const greeting = language.greeting(to.name && isolated(to.name, language));
  return {
    appName: isolated(appName, language),
    mail(title: string, preview: string, blocks: readonly Block[]): MessageContent {
      const parts: MailParts = { language, appName, title, preview, blocks: [greeting, ...blocks] };
      return { subject: title, text: textMail(parts), html: htmlMail(parts) };
    },
  };
}
