import type { Language } from "../language.ts";

/** English. */
export const english: Language = {
  tag: "en",
  direction: "ltr",
  greeting: (name) => (name ? `Hello ${name},` : "Hello,"),
  resetLink: {
    subject: (appName) => `Reset your ${appName} password`,
    intro: (appName) =>
      `Someone, most likely you, asked to reset the password of your ${appName} account. Open this link to choose a new one:`,
    action: "Choose a new password",
    plainLink: "If the button does not work, copy this address into your browser:",
    lifetime: (duration) =>
      `The link works once and for ${duration}. If you asked several times, only the link in the newest mail works.`,
    notYou:
      "If it was not you, do nothing: your password stays as it is. Do not pass this link on to anybody.",
  },
  passwordChanged: {
    subject: (appName) => `Your ${appName} password was changed`,
    intro: (appName, when) => `The password of your ${appName} account was changed on ${when}.`,
    signedOut: "If it was you, there is nothing more to do. Sign in again with the new password.",
    notYou:
      "If it was not you, someone else can probably read your mail. Secure your mailbox first, then contact us at once.",
  },
  noAccount: {
    subject: (appName) => `No ${appName} account has this address`,
    intro: (appName) =>
      `Someone, perhaps you, asked to reset the password of a ${appName} account with this e-mail address. No account has this address, so there is nothing to reset.`,
    otherAddress: "If it was you, perhaps your account has another address. Try again with that one.",
    notYou: "If it was not you, there is nothing to do.",
  },
  noPassword: {
    subject: (appName) => `How to sign in to ${appName}`,
    intro: (appName) =>
      `Someone, most likely you, asked to reset the password of your ${appName} account. This account has no password, so there is nothing to reset.`,
    signInWith: (way) => `You sign in to it with ${way}.`,
    signIn:
      "Sign in as you usually do, for example with your account at another service or through your organisation.",
    notYou: "If it was not you, there is nothing to do: nothing has changed.",
  },
  contact: "You can reach us at this address:",
  violations: {
    required: () => "Enter a password.",
    invalid_characters: () => "This password holds characters that cannot be stored. Choose another one.",
    too_short: ({ min }) => `Use at least ${min} characters.`,
    too_long: ({ max, maxBytes }) =>
      maxBytes
        ? `This password is too long: use at most ${maxBytes} bytes (letters with accents, other scripts and emoji take two to four each).`
        : `Use at most ${max} characters.`,
    common: () => "This is one of the most common passwords. Choose one that is harder to guess.",
    personal: () =>
      "This is too close to your name, your address or the name of this service. Choose another one.",
    breached: () => "This password has appeared in a data breach. Choose another one.",
    breach_check_unavailable: () => "We could not check this password just now. Try again in a moment.",
    unacceptable: () => "This password cannot be used. Choose another one.",
  },
};
