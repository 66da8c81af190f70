/**
 * The pages of the password reset: accessible, in light and dark, in fifteen languages, and without JavaScript.
 *
 *     const routes = passwordResetRoutes({ passwordReset, pages: defaultPages({ accent: "#0f766e" }) });
 */
import { sha256 } from "@oslojs/crypto/sha2";
import { encodeBase64 } from "@oslojs/encoding";
import { utf8 } from "../../lib/bytes.ts";
import { readOptions } from "../../lib/shape.ts";
import type { PageInput, Pages } from "../pages.ts";
import { loadTexts } from "../texts/load.ts";
import type { TaggedTexts } from "../texts/texts.ts";
import { writeNewPassword, writeProblem, writeRequest, writeSent, writeSignedIn } from "./content.ts";
import { type Content, renderDocument } from "./document.ts";
import { type DefaultPagesOptions, SHAPE, sourceOf } from "./options.ts";
import { writeStyles } from "./styles.ts";

export type { ProblemStatus, TaggedTexts, Texts, TitledText } from "../texts/texts.ts";
export { type DefaultPagesOptions, loadTexts };

/** The standard pages, with the policy that they need. */
export interface DefaultPages extends Pages {
  readonly contentSecurityPolicy: Readonly<Record<string, string>>;
}

/**
 * Returns the standard pages with the application's color, logo, style sheet and texts. Spread them to replace some. They
 * are in the language that `createPasswordReset` has chosen for the visitor from its option `languages`, or in English if
 * they do not have it.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is unknown or not what it must be.
 * @example
 * const pages = defaultPages({ accent: "#0f766e", logoUrl: "/logo.svg" });
 * const routes = passwordResetRoutes({ passwordReset, pages });
 */
export function defaultPages(options: DefaultPagesOptions = {}): DefaultPages {
  const { accent, logoUrl, stylesheet, texts: own } = readOptions("defaultPages", options, SHAPE);
  const styles = writeStyles(accent);
  const frame = { styles, logoUrl, stylesheet };

  const createPage =
    <Input extends PageInput>(write: (texts: TaggedTexts, input: Input) => Content) =>
    async (input: Input): Promise<string> => {
      const texts = await loadTexts(input.locale, own);
      return renderDocument(frame, texts, input, write(texts, input));
    };

  return {
    request: createPage(writeRequest),
    sent: createPage(writeSent),
    newPassword: createPage(writeNewPassword),
    signedIn: createPage(writeSignedIn),
    problem: createPage(writeProblem),
    contentSecurityPolicy: {
      "style-src": listSources(`'sha256-${encodeBase64(sha256(utf8(styles)))}'`, stylesheet && sourceOf(stylesheet)),
      // The empty icon is a data URL.
      "img-src": listSources("'self'", logoUrl ? sourceOf(logoUrl) : "data:"),
    },
  };
}

const listSources = (...sources: readonly (string | undefined)[]): string =>
  [...new Set(sources)].filter((source) => source !== undefined).join(" ");
