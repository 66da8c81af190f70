import type { CodeOptions, DrainReport, FeaturesOf, PasswordReset, PasswordResetOptions } from "./core/api.ts";
import { completeReset } from "./core/complete.ts";
import { createCore } from "./core/core.ts";
import { deliver } from "./core/deliver.ts";
import { revokeTokens, verifyToken } from "./core/link.ts";
import { redeemCode } from "./core/redeem-code.ts";
import { requestReset } from "./core/request.ts";
import { sendLink } from "./core/send-link.ts";
import { readSettings } from "./core/settings.ts";
import { InFlight } from "./lib/in-flight.ts";
import type { Tenants } from "./lib/tenants.ts";
import { monotonicNow, within } from "./lib/time.ts";
import { callPort, type Port } from "./ports/calls.ts";

/** No time limit: draining takes as long as the work that is left. */
const DRAIN: Port = { code: "ERR_DISPATCHER", name: "dispatcher.drain", timeout: Number.POSITIVE_INFINITY };

/**
 * Creates the password reset of an application: three calls over its own users, tokens, mailer and hasher.
 *
 * @throws {RelatchError} `ERR_OPTIONS` if an option is invalid, with what to write instead.
 * @example
 * const passwordReset = createPasswordReset({
 *   ...memoryPorts(), // your own in production: users, tokens, mailer, hasher
 *   appName: "Acme",
 *   from: "Acme <noreply@example.com>",
 *   resetUrl: "https://app.example.com/password_reset/:token",
 *   revokeSessions: (userId, { except }) => sessions.deleteAll(userId, { except }),
 * });
 */
export function createPasswordReset<
  const T extends Tenants = undefined,
  const Codes extends CodeOptions | boolean | undefined = undefined,
  Factor extends string = never,
>(options: PasswordResetOptions<T, Codes, Factor>): PasswordReset<FeaturesOf<T, Codes, Factor>> {
  const core = createCore(options);
  const { dispatcher, calls, listeners } = core.config;
  const inFlight = new InFlight();

  async function drain(): Promise<DrainReport> {
    const isFirst = core.drainingSince === undefined;
    core.drainingSince ??= monotonicNow();
    try {
      do {
        await inFlight.settled();
        await callPort(calls, DRAIN, async () => dispatcher.drain?.());
      } while (inFlight.size > 0);
      // A listener that never ends must not stop a shutdown.
      await within(calls.timeout, listeners.settled(), () => new Error("late")).catch(() => {});
    } finally {
      if (isFirst) core.drainingSince = undefined;
    }
    return { undelivered: core.jobs.takeUndelivered() };
  }

  const passwordReset = Object.freeze({
    requestReset: inFlight.track((input: unknown) => requestReset(core, input)),
    redeemCode: (input: unknown) => redeemCode(core, input),
    verifyToken: (input: unknown) => verifyToken(core, input),
    completeReset: inFlight.track((input: unknown) => completeReset(core, input)),
    sendLink: inFlight.track((input: unknown) => sendLink(core, input)),
    deliver: inFlight.track((job: unknown) => deliver(core, job)),
    revokeTokens: (userId: string) => revokeTokens(core, userId),
    drain,
    tenants: core.config.tenants,
    settings: (input?: unknown) => readSettings(core, input),
  });
  // Which results are possible depends on the options, in the same way as the types do.
  return passwordReset as PasswordReset<never> as PasswordReset<FeaturesOf<T, Codes, Factor>>;
}
