import type { Recipient } from "../types.ts";
import type { Language } from "./language.ts";
import { htmlMail, type MailParts, textMail } from "./layout.ts";
import { durationInWords, instantInWords } from "./words.ts";

/** What a mail says. */
export interface MessageContent {
  subject: string;
  /** Complete by itself. */
  text: string;
  html?: string | undefined;
}

/** What every message is told. Names are inert already: no control characters, nothing like a link. */
export interface MessageInput {
  to: Recipient;
  appName: string;
  language: Language;
}

/** What `messages.resetLink` is told. */
export interface ResetLinkInput extends MessageInput {
  /** The link, token and all. It belongs into the mail and nowhere else. */
  url: string;
  /** How long it lives, in milliseconds. */
  lifetime: number;
}

/** What `messages.passwordChanged` is told. */
export interface PasswordChangedInput extends MessageInput {
  changedAt: Date;
}

/** The mails, each a function that may be asynchronous. */
export interface Messages {
  resetLink(input: ResetLinkInput): MessageContent | Promise<MessageContent>;
  passwordChanged(input: PasswordChangedInput): MessageContent | Promise<MessageContent>;
}

/** The mails as they come, to be spread and altered. `supportAddress`: where "it was not me" goes. */
export function standardMessages(options: { supportAddress?: string | undefined } = {}): Messages {
  const { supportAddress } = options ?? {};
  return {
    resetLink({ to, appName, language, url, lifetime }) {
      const words = language.resetLink;
      return mail({
        language,
        appName,
        title: words.subject(appName),
        before: [language.greeting(to.name), words.intro(appName)],
        button: { label: words.action, url, plainLink: words.plainLink },
        after: [words.lifetime(durationInWords(lifetime, language)), words.notYou],
      });
    },

    // No link to reset in here: whoever reads the mailbox would be handed the next step.
    passwordChanged({ to, appName, language, changedAt }) {
      const words = language.passwordChanged;
      return mail({
        language,
        appName,
        title: words.subject(appName),
        before: [language.greeting(to.name), words.intro(appName, instantInWords(changedAt, language))],
        after: [words.signedOut, words.notYou(supportAddress)],
      });
    },
  };
}

const mail = (parts: MailParts): MessageContent => ({
  subject: parts.title,
  text: textMail(parts),
  html: htmlMail(parts),
});
