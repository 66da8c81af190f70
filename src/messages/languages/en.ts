import type { Language } from "../language.ts";

/** English. */
export const english: Language = {
  tag: "en",
  greeting: (name) => (name ? `Hello ${name},` : "Hello,"),
  resetLink: {
    subject: (appName) => `Reset your ${appName} password`,
    intro: (appName) => `Someone, most likely you, asked to reset the password of your ${appName} account. Open this link to choose a new one:`,
    action: "Choose a new password",
    plainLink: "If the button does not work, copy this address into your browser:",
    lifetime: (duration) => `The link works once, for ${duration}.`,
    notYou: "If it was not you, do nothing: your password stays as it is. Do not pass this link on to anybody.",
  },
  resetCode: {
    intro: (appName) => `Someone, most likely you, asked to reset the password of your ${appName} account. To choose a new one, enter this code on the page where you asked for it:`,
    lifetime: (duration) => `The code works for ${duration}, and only on the device where you asked for it.`,
    secrecy: (appName) => `Don’t share this code with anyone. Nobody from ${appName} will ever ask you for it.`,
    orLink: "Or open this link instead, on any device:",
    notYou: "If it wasn’t you, do nothing: your password stays as it is. Don’t share the link with anyone either.",
  },
  invitation: {
    subject: (appName) => `Set a password for your ${appName} account`,
    intro: (appName) => `Your ${appName} account doesn’t have a password yet. To set one, open this link:`,
    action: "Set a password",
    plainLink: "If the button doesn’t work, copy this link into your browser:",
    lifetime: (duration) => `The link works once, for ${duration}.`,
    notYou: "Weren’t expecting this? You can ignore this email, and nothing will change. Don’t share the link with anyone.",
  },
  passwordChanged: {
    subject: (appName) => `Your ${appName} password was changed`,
    intro: (appName, when, address) => `The password of your ${appName} account was changed on ${when}${address ? ` from the IP address ${address}` : ""}.`,
    signedOut: "If it was you, there is nothing more to do. Sign in again with the new password.",
    notYou: "If it was not you, someone else can probably read your mail. Secure your mailbox first, then contact us at once.",
  },
  noAccount: {
    subject: (appName) => `No ${appName} account has this address`,
    intro: (appName) => `Someone, perhaps you, asked to reset the password of a ${appName} account with this email address. No account has this address, so there is nothing to reset.`,
    otherAddress: "If it was you, perhaps your account has another address. Try again with that one.",
    notYou: "If it was not you, there is nothing to do.",
  },
  noPassword: {
    subject: (appName) => `How to sign in to ${appName}`,
    intro: (appName) => `Someone, most likely you, asked to reset the password of your ${appName} account. This account has no password, so there is nothing to reset.`,
    signInWith: (way) => `You sign in to it with ${way}.`,
    signIn: "Sign in as you usually do, for example with your account at another service or through your organization.",
    notYou: "If it was not you, there is nothing to do: nothing has changed.",
  },
  requested: (when, address) => `This email was requested on ${when}${address ? ` from the IP address ${address}` : ""}.`,
  contact: "You can reach us at this address:",
  violations: {
    required: () => "Enter a password.",
    invalid_characters: () => "This password holds characters that cannot be stored. Choose another one.",
    too_short: ({ min }) => `Use at least ${min} characters.`,
    too_long: ({ max }) => `Use at most ${max} characters.`,
    too_long_in_bytes: ({ maxBytes }) => `This password is too long: use at most ${maxBytes} bytes (letters with accents, other scripts and emoji take two to four each).`,
    common: () => "This is one of the most common passwords. Choose one that is harder to guess.",
    personal: () => "This is too close to your name, your address or the name of this service. Choose another one.",
    breached: () => "This password has appeared in a data breach. Choose another one.",
    breach_check_unavailable: () => "We could not check this password just now. Try again in a moment.",
    unacceptable: () => "This password cannot be used. Choose another one.",
  },
};
