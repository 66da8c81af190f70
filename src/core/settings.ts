import { TimeSpan } from "oslo";
import { readOwnField } from "../lib/untrusted-input.ts";
import { chooseLanguage } from "../messages/language.ts";
import type { Settings } from "./api.ts";
import type { Core } from "./core.ts";
import { readTenant } from "./origin.ts";

/** Collects the settings that pages need. */
export function readSettings({ config }: Core, input: unknown): Settings {
  const { appName, resetUrl, tokenLifetime, passwordRules, languages, codes, links } = config;
  const tenant = readTenant(config, input);
  const locale = chooseLanguage(languages, readOwnField(input, "locale")).tag;
  const lengths = passwordRules.flatMap(({ minLength }) => minLength ?? []);
  return Object.freeze({
    appName: appName({ tenant, locale }),
    resetUrl: resetUrl({ tenant, locale }).template,
    tokenLifetime: new TimeSpan(tokenLifetime, "ms"),
    codes: codes && Object.freeze({ digits: codes.digits, lifetime: new TimeSpan(codes.lifetime, "ms") }),
    hasLegacyTokens: links.revokeLegacy !== undefined,
    minPasswordLength: lengths.length > 0 ? Math.max(...lengths) : undefined,
    locale,
    languages: languages.map(({ tag }) => tag),
  });
}
