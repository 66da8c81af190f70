import type { Language } from "../language.ts";

/**
 * English.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en] });
 */
export const english: Language = {
  tag: "en",
  greeting: (name) => (name ? `Hi ${name},` : "Hello,"),
  resetLink: {
    subject: (appName) => `Reset your ${appName} password`,
    intro: (appName) => `We got a request to reset the password for your ${appName} account. To set a new one, open this link:`,
    action: "Set a new password",
    plainLink: "If the button doesn’t work, copy this link into your browser:",
    lifetime: (duration) => `The link works once, for ${duration}.`,
    notYou: "Didn’t ask for this? You can ignore this email, and your password won’t change. Don’t share the link with anyone.",
  },
  resetCode: {
    intro: (appName) => `We got a request to reset the password for your ${appName} account. To set a new one, enter this code on the page where you asked for it:`,
    lifetime: (duration) => `The code works for ${duration}, and only on the device where you asked for it.`,
    secrecy: (appName) => `Don’t share this code with anyone. Nobody from ${appName} will ever ask you for it.`,
    orLink: "Or open this link instead, on any device:",
    notYou: "Didn’t ask for this? You can ignore this email, and your password won’t change. Don’t share the link with anyone either.",
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
    intro: (appName, when, address) => `The password for your ${appName} account was changed on ${when}${address ? ` from the IP address ${address}` : ""}.`,
    signedOut: "If this was you, you don’t need to do anything. Next time, sign in with your new password.",
    notYou: "If this wasn’t you, someone may have access to your email. Change your email password first, then contact us right away.",
  },
  noAccount: {
    subject: (appName) => `No ${appName} account for this email address`,
    intro: (appName) => `We got a request to reset the ${appName} password for this email address. We don’t have an account with it, so there’s nothing to reset.`,
    otherAddress: "If this was you, you may have signed up with a different email address. Try again with that one.",
    notYou: "If this wasn’t you, you can ignore this email.",
  },
  noPassword: {
    subject: (appName) => `How to sign in to ${appName}`,
    intro: (appName) => `We got a request to reset the password for your ${appName} account. Your account doesn’t have a password.`,
    signInWith: (way) => `To sign in, use ${way}.`,
    signIn: "Sign in the way you usually do, for example with Google or through your work or school.",
    notYou: "If this wasn’t you, you can ignore this email. Nothing has changed.",
  },
  requested: (when, address) => `This email was requested on ${when}${address ? ` from the IP address ${address}` : ""}.`,
  contact: "Need help? Contact us:",
  violations: {
    required: () => "Enter a new password.",
    invalid_characters: () => "This password contains characters that can’t be used. Choose another.",
    too_short: ({ min }) => `Use at least ${min} characters.`,
    too_long: ({ max }) => `Use at most ${max} characters.`,
    too_long_in_bytes: ({ maxBytes }) => `This password is too long. Use at most ${maxBytes} characters. Accented letters and other scripts count as two or three, emoji as four or more.`,
    common: () => "This password is too common, so it’s easy to guess. Choose another.",
    personal: () => "This password is too close to your name, your email address or the name of this service. Choose another.",
    breached: () => "This password has appeared in a data breach, so it isn’t safe. Choose another.",
    breach_check_unavailable: () => "We couldn’t check this password. Try again in a moment.",
    unacceptable: () => "You can’t use this password. Choose another.",
  },
};
