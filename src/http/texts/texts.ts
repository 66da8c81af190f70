import type { Language } from "../../messages/language.ts";
import type { ProblemReason, RequestNotice } from "../pages.ts";

/** A headline, and a sentence or two that say what to do. */
export interface TitledText {
  title: string;
  detail: string;
}

/** The status of a refusal, such as 404 or 429. */
export type ProblemStatus = 400 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 503;

/**
 * The texts of the pages and of problem details in one language. Titles, labels and buttons have no full stop at the end.
 * Names and addresses are inserted unchanged, so no sentence may need another grammatical case of them.
 */
export interface Texts {
  /** Default: `"ltr"`. */
  direction?: "ltr" | "rtl" | undefined;
  /** How numbers are written, if the default for the tag differs between runtimes. */
  formats?: Language["formats"];
  /** Marks the title of a page whose form has a mistake: "Error: Reset your password". */
  errorTitle(title: string): string;
  /** The label of the field for the address. */
  email: string;
  /** Leads back to the sign-in page. */
  back: string;
  request: {
    title: string;
    lead: string;
    submit: string;
    /** Replace `lead` and `submit` if a code is sent as well. */
    leadForCode: string;
    submitForCode: string;
    notices: Readonly<Record<RequestNotice, TitledText>>;
    errors: Readonly<Record<"invalid_email" | "unknown_email", string>>;
  };
  sent: {
    title: string;
    lead(email: string): string;
    /** `duration` is in words: "1 hour". */
    lifetime(duration: string): string;
    detail: string;
    again: string;
  };
  /** The page after a request for a code. It has the title of `sent`, and its last two texts. */
  code: {
    lead(email: string): string;
    /** Replaces `lead` if the address is not known any more. */
    leadWithoutAddress: string;
    label: string;
    /** `count` is a number of digits. */
    digits(count: number): string;
    /** `duration` is in words: "10 minutes". */
    lifetime(duration: string): string;
    submit: string;
    refused: string;
    orLink: string;
  };
  newPassword: {
    title: string;
    /** Introduces the address of the account. */
    account: string;
    password: string;
    confirmation: string;
    /** `min` is a number of characters. */
    minLength(min: number): string;
    advice: string;
    mismatch: string;
    submit: string;
    aftermath: string;
  };
  /** Replaces texts of `newPassword` for an account that has no password yet. */
  invitation: { title: string; password: string; confirmation: string; submit: string };
  /** On the page with the form for a new password, if the account has a second factor. */
  secondFactor: {
    /** The label of the choice between methods. */
    choice: string;
    /** The names of methods. Another method is shown by its own name. */
    methods: Readonly<Record<string, string>>;
    /** The label of the field, if there is more than one method. */
    response: string;
    errors: Readonly<Record<"second_factor_required" | "second_factor_rejected", string>>;
  };
  signedIn: { title: string; lead: string; signOut: string; goOn: string };
  /** Leads to the start page. */
  home: string;
  /** `when` is in words: "in 15 minutes". */
  later(when: string): string;
  problems: Readonly<Record<ProblemStatus, TitledText>>;
  /** One sentence for the users of programs, for reasons whose sentence on a page would not fit. */
  details: Readonly<
    Record<
      Exclude<ProblemReason, "invalid_email" | "unknown_email" | "signed_in" | "throttled" | "fault" | "unavailable">,
      string
    >
  >;
}

/** Texts with the tag of their language (BCP 47). */
export type TaggedTexts = Texts & { readonly tag: string };
