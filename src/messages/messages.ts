import { readOptions } from "../lib/shape.ts";
import type { MailKind, MailMessage, MailVariables, Recipient } from "../ports/contract.ts";
import { isolate } from "./bidi.ts";
import { durationInWords, instantInWords } from "./in-words.ts";
import type { EmailSentences, Language } from "./language.ts";
import { type Block, renderHtml, renderText } from "./layout.ts";
import {
  type EmailStyle,
  messageOptions,
  noticeOptions,
  readReturnedWay,
  type StandardMessageOptions,
  type StandardNoticeOptions,
} from "./options.ts";

export type { StandardMessageOptions, StandardNoticeOptions };
export { durationInWords };

/** The subject and the parts of an email. */
export type MessageContent = Pick<MailMessage, "subject" | "text" | "html">;

/** Facts for an email of this kind. */
export type MessageInput<Kind extends MailKind = MailKind> = Extract<MailVariables, { kind: Kind }> & {
  to: Recipient;
  language: Language;
};

/**
 * The emails, as functions that compose them. Each returns plain strings, which are sent as they are: escape what you
 * insert into `html`.
 *
 * @example
 * const resetLink: Messages["resetLink"] = ({ appName, url, validFor }) => ({
 *   subject: `Reset your ${appName} password`,
 *   text: `Open this link within ${validFor}: ${url}`,
 * });
 */
export interface Messages {
  /** Contains the link to set a new password. */
  resetLink(input: MessageInput<"reset_link">): MessageContent | Promise<MessageContent>;
  /** With the option `codes`: contains the code and the link. */
  resetCode(input: MessageInput<"reset_code">): MessageContent | Promise<MessageContent>;
  /** Invites the owner of an account without a password to set the first one. */
  invitation(input: MessageInput<"invitation">): MessageContent | Promise<MessageContent>;
  /** Tells the owner that the password was changed. Contains no link. */
  passwordChanged(input: MessageInput<"password_changed">): MessageContent | Promise<MessageContent>;
  /** Optional: tells the owner of an address that no account has it. `to` then has no `userId`. Contains no link. */
  noAccount?: ((input: MessageInput<"no_account">) => MessageContent | Promise<MessageContent>) | undefined;
  /** Optional: tells the owner of an account without a password how to sign in instead. Contains no link. */
  noPassword?: ((input: MessageInput<"no_password">) => MessageContent | Promise<MessageContent>) | undefined;
}

/**
 * Returns the standard emails with the application's colors, logo and address for help. Spread them to replace some. The
 * notices of {@link standardNotices} are not included, so spreading them never switches a notice on.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is unknown or not what it must be.
 * @example
 * const messages = standardMessages({ accent: "#0f766e", supportAddress: "help@example.com" });
 * createPasswordReset({ ...options, messages });
 */
export function standardMessages(
  options: StandardMessageOptions = {},
): Pick<Messages, "resetLink" | "resetCode" | "invitation" | "passwordChanged"> {
  const style = readOptions("standardMessages", options, messageOptions);
  return {
    resetLink(input) {
      const words = input.language.resetLink;
      const lifetime = words.lifetime(input.validFor);
      return composeEmail(input, style, words, lifetime, [{ address: input.url, button: words }, lifetime]);
    },

    // The link comes with it, because the email may have been requested by a stranger who has the ticket.
    resetCode(input) {
      const { resetLink, resetCode } = input.language;
      const lifetime = resetCode.lifetime(input.codeValidFor);
      return composeEmail(input, style, { ...resetLink, ...resetCode }, lifetime, [
        { code: input.code },
        lifetime,
        resetCode.secrecy(isolate(input.appName, input.language)),
        resetCode.orLink,
        { address: input.url, button: resetLink },
        resetLink.lifetime(input.validFor),
      ]);
    },

    invitation(input) {
      const words = input.language.invitation;
      const lifetime = words.lifetime(input.validFor);
      return composeEmail(input, style, words, lifetime, [{ address: input.url, button: words }, lifetime]);
    },

    // It contains no link to a reset, because an intruder who reads the mailbox would be handed the next step.
    passwordChanged(input) {
      const words = input.language.passwordChanged;
      const when = instantInWords(input.changedAt, input.language);
      const intro = (appName: string) => words.intro(appName, when, isolateAddress(input));
      return composeEmail(input, style, { ...words, intro }, words.signedOut);
    },
  };
}

/**
 * Returns the notices for people who ask for a link in vain: no account has the address, or the account has no password.
 * Without them such a request sends nothing at all. Neither contains a link.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is unknown or not what it must be; also from `noPassword`, if the
 * function `signInWith` returns something that is not a name.
 * @example
 * const messages = standardNotices({ signInWith: "Google" });
 * createPasswordReset({ ...options, messages });
 */
export function standardNotices(options: StandardNoticeOptions = {}): {
  [Name in "noAccount" | "noPassword"]: NonNullable<Messages[Name]>;
} {
  const { signInWith, ...style } = readOptions("standardNotices", options, noticeOptions);
  return {
    noAccount(input) {
      const words = input.language.noAccount;
      return composeEmail(input, style, words, words.otherAddress);
    },

    async noPassword(input) {
      const words = input.language.noPassword;
      const way =
        typeof signInWith === "function"
          ? readReturnedWay(await signInWith(input.to), "standardNotices.signInWith")
          : signInWith;
      const signIn = way === undefined ? words.signIn : words.signInWith(isolate(way, input.language));
      return composeEmail(input, style, words, signIn);
    },
  };
}

/**
 * Composes an email of any kind. `preview` is its main sentence, and `body` follows the first sentences. An email without a
 * link contains the address for help.
 */
function composeEmail(
  input: MessageInput,
  style: EmailStyle,
  words: EmailSentences,
  preview: string,
  body: readonly Block[] = [preview],
): MessageContent {
  const { kind, to, appName, language, requestedAt } = input;
  const name = isolate(appName, language);
  const subject = words.subject(name);
  const blocks: Block[] = [language.greeting(to.name && isolate(to.name, language)), words.intro(name), ...body];
  // The notice has the time of the change in its first sentence.
  if (requestedAt && kind !== "password_changed") {
    blocks.push(language.requested(instantInWords(requestedAt, language), isolateAddress(input)));
  }
  blocks.push(words.notYou);
  const hasLink = "url" in input;
  if (!hasLink && style.supportAddress) blocks.push(language.contact, { address: style.supportAddress });
  const draft = { language, appName, subject, preview, blocks };
  return { subject, text: renderText(draft), html: renderHtml(draft, style) };
}

/** An IPv6 address would turn around in a text from right to left. */
const isolateAddress = ({ requestedFrom, language }: MessageInput): string | undefined =>
  requestedFrom && isolate(requestedFrom, language);
