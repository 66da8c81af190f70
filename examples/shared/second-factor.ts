import { base32 } from "oslo/encoding";
import { TOTPController } from "oslo/otp";
import type { SecondFactor } from "relatch";

/** A second factor for a demo. */
export interface DemoSecondFactor {
  port: SecondFactor<"totp">;
  /** For an authenticator app, in Base32. */
  secret: string;
  /** Returns the code that the app shows now. */
  currentCode(): Promise<string>;
}

/**
 * Creates the second factor of every account of a demo: the codes of an authenticator app (RFC 6238). The secret is in memory,
 * so it is another one after a restart. An application keeps one for each account, encrypted.
 */
export function createDemoSecondFactor(): DemoSecondFactor {
  const secret = crypto.getRandomValues(new Uint8Array(20));
  const totp = new TOTPController();
  let lastUsed = "";
  return {
    port: {
      methods: async () => ["totp"],
      async verify(_userId, { response }) {
        const code = response.replace(/\s/g, "");
        // A code is accepted once (RFC 6238 §5.2).
        if (code === lastUsed || !(await totp.verify(code, secret.buffer))) return false;
        lastUsed = code;
        return true;
      },
    },
    secret: base32.encode(secret, { includePadding: false }),
    currentCode: () => totp.generate(secret.buffer),
  };
}
