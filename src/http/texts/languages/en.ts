import { formatCount } from "../../../messages/in-words.ts";
import type { Texts } from "../texts.ts";

/** English. */
export const english: Texts = {
  errorTitle: (title) => `Error: ${title}`,
  email: "Email address",
  back: "Back to sign in",
  request: {
    title: "Reset your password",
    lead: "Enter the email address you sign in with. We’ll email you a link to set a new password.",
    submit: "Email me a link",
    leadForCode: "Enter the email address you sign in with. We’ll email you a code to set a new password.",
    submitForCode: "Email me a code",
    notices: {
      malformed_link: {
        title: "This link is incomplete",
        detail: "Copy the whole link from the email, or get a new one here.",
      },
      invalid_or_expired_token: {
        title: "This link no longer works",
        detail: "Links work once and expire after a while. Enter your email address to get a new one.",
      },
      open_link_again: {
        title: "Open the link again",
        detail: "Go back to our email and open the link again, or get a new one here.",
      },
      cookies_needed: {
        title: "Your browser is blocking cookies",
        detail: "Allow cookies for this site, then go back to our email and open the link again.",
      },
    },
    errors: {
      invalid_email: "Enter an email address in the correct format, like name@example.com.",
      unknown_email: "We can’t find an account with that email address. Check it, or try another one.",
    },
  },
  sent: {
    title: "Check your email",
    lead: (email) => `If there’s an account for ${email}, we’ve emailed a link to set a new password.`,
    lifetime: (duration) => `The link works once, for ${duration}.`,
    detail: "Nothing after a few minutes? Check your spam folder, and make sure the email address is right.",
    again: "Use a different email address",
  },
  code: {
    lead: (email) => `If there’s an account for ${email}, we’ve emailed a code to set a new password.`,
    leadWithoutAddress: "If there’s an account for that email address, we’ve emailed a code to set a new password.",
    label: "Code from the email",
    digits: (count) => `${formatCount(count, { one: "# digit", other: "# digits" }, { tag: "en" })}.`,
    lifetime: (duration) => `The code works for ${duration}.`,
    submit: "Continue",
    refused: "This code is wrong or no longer works. Check it, or get a new one.",
    orLink: "No code? Open the link in the email instead.",
  },
  newPassword: {
    title: "Set a new password",
    account: "Account",
    password: "New password",
    confirmation: "Confirm new password",
    minLength: (min) => `At least ${formatCount(min, { one: "# character", other: "# characters" }, { tag: "en" })}.`,
    advice: "Four random words work well. Avoid your name, your email address and common passwords.",
    mismatch: "The passwords don’t match. Enter them again.",
    submit: "Set new password",
    aftermath: "You’ll be signed out on all your devices.",
  },
  invitation: {
    title: "Set a password",
    password: "Password",
    confirmation: "Confirm password",
    submit: "Set password",
  },
  secondFactor: {
    choice: "How do you want to confirm it’s you?",
    methods: {
      totp: "Code from your authenticator app",
      recovery_code: "Recovery code",
      sms: "Code from a text message",
    },
    response: "Code",
    errors: {
      second_factor_required: "Enter the code that confirms it’s you.",
      second_factor_rejected: "That code isn’t right. Check it, or use another one.",
    },
  },
  signedIn: {
    title: "You’re already signed in",
    lead: "You opened a link to set a password. It may be for a different account than the one you’re signed in to.",
    signOut: "Sign out and set password",
    goOn: "Continue without signing out",
  },
  home: "Go to the home page",
  later: (when) => `Try again ${when}.`,
  problems: {
    400: { title: "That didn’t work", detail: "Go back and try again." },
    403: {
      title: "We couldn’t accept that form",
      detail: "It came from another site. Open the page on this site and try again.",
    },
    404: { title: "Page not found", detail: "Check the web address, or go to the home page." },
    405: { title: "You can’t do that here", detail: "Go back and use the form on the page." },
    409: { title: "You’re already signed in", detail: "To reset your password, sign out first." },
    413: { title: "That’s too long", detail: "Shorten what you typed and try again." },
    415: { title: "We can’t read that", detail: "Go back and use the form on the page." },
    422: { title: "Choose another password", detail: "This one doesn’t meet the requirements." },
    429: { title: "Too many attempts", detail: "To keep accounts safe, we limit how often you can try." },
    500: { title: "Sorry, something went wrong", detail: "The problem is on our side. Try again later." },
    503: {
      title: "Sorry, this isn’t working right now",
      detail: "The problem is on our side. Try again in a few minutes.",
    },
  },
  details: {
    invalid_request: "The request is malformed.",
    invalid_json: "The body must be a single JSON object in UTF-8 without duplicate keys.",
    invalid_or_expired_token: "The link is invalid or has expired.",
    cross_site: "The request must come from this site’s own origin.",
    not_found: "There is nothing at this URL.",
    method_not_allowed: "This URL does not support the request method.",
    too_large: "The request body is too large.",
    unsupported_media_type: "The Content-Type is not supported.",
    password_rejected: "The password doesn’t meet the requirements.",
    second_factor_required: "The account has a second factor, and none was given.",
    second_factor_rejected: "The response to the second factor is wrong.",
  },
};
