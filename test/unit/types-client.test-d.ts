import type { PasswordViolation } from "relatch";
import {
  type ClientFailure,
  type ClientFetch,
  type ClientRefusal,
  type PasswordResetClient,
  passwordResetClient,
} from "relatch/client";
import type { ProblemReason } from "relatch/http";
import { describe, expectTypeOf, test } from "vitest";

const client = passwordResetClient({ url: "/password_reset" });

type ResultOf<Call extends keyof PasswordResetClient> = Awaited<ReturnType<PasswordResetClient[Call]>>;
type RefusalOf<Call extends keyof PasswordResetClient> = Extract<ResultOf<Call>, { ok: false }>;

describe("The types of the client", () => {
  test("every refusal has a reason and a sentence", () => {
    expectTypeOf<RefusalOf<keyof PasswordResetClient>>().toExtend<ClientRefusal<string>>();
    expectTypeOf<RefusalOf<keyof PasswordResetClient>["detail"]>().toBeString();
  });

  test("the reasons are those of the handler, and one for no response", () => {
    expectTypeOf<RefusalOf<keyof PasswordResetClient>["reason"]>().toEqualTypeOf<ProblemReason | "unreachable">();
    expectTypeOf<Exclude<RefusalOf<"requestReset">["reason"], ClientFailure["reason"]>>().toEqualTypeOf<
      "invalid_email" | "unknown_email"
    >();
    expectTypeOf<
      Exclude<RefusalOf<"verifyToken">["reason"], ClientFailure["reason"]>
    >().toEqualTypeOf<"invalid_or_expired_token">();
    expectTypeOf<Exclude<RefusalOf<"completeReset">["reason"], ClientFailure["reason"]>>().toEqualTypeOf<
      "invalid_or_expired_token" | "password_rejected" | "second_factor_required" | "second_factor_rejected"
    >();
    expectTypeOf<
      Exclude<RefusalOf<"redeemCode">["reason"], ClientFailure["reason"]>
    >().toEqualTypeOf<"invalid_or_expired_token">();
  });

  test("a success has the facts of its call, with the expiry as a Date", () => {
    expectTypeOf<Extract<ResultOf<"requestReset">, { ok: true }>>().toEqualTypeOf<
      { ok: true } | { ok: true; ticket: string }
    >();
    expectTypeOf<Extract<ResultOf<"verifyToken">, { ok: true }>>().toEqualTypeOf<{
      ok: true;
      email: string;
      isInvitation: boolean;
      expiresAt: Date;
      secondFactors: string[];
    }>();
    expectTypeOf<Extract<ResultOf<"redeemCode">, { ok: true }>>().toEqualTypeOf<{ ok: true; token: string }>();
    expectTypeOf<Extract<ResultOf<"completeReset">, { ok: true }>>().toEqualTypeOf<{
      ok: true;
      sessionsRevoked: boolean;
    }>();
  });

  test("only a request for a code has a ticket", async () => {
    const byCode = await client.requestReset({ email: "mike@example.org", method: "code" });
    if (byCode.ok) expectTypeOf(byCode.ticket).toBeString();
    const byLink = await client.requestReset({ email: "mike@example.org", method: "link" });
    // @ts-expect-error: a link needs none
    if (byLink.ok) byLink.ticket;
    // @ts-expect-error: there is no such method
    void client.requestReset({ email: "mike@example.org", method: "sms" });
  });

  test("the reason narrows to the facts of a refusal", async () => {
    const requested = await client.requestReset({ email: "mike@example.org" });
    if (!requested.ok && requested.reason === "throttled") expectTypeOf(requested.retryAfterSeconds).toBeNumber();
    // @ts-expect-error: only a limit says when to come back
    if (!requested.ok && requested.reason === "unavailable") requested.retryAfterSeconds;
    const completed = await client.completeReset({ token: "token", newPassword: "password" });
    if (!completed.ok && completed.reason === "password_rejected") {
      expectTypeOf(completed.violations).toEqualTypeOf<PasswordViolation[]>();
    }
    const verified = await client.verifyToken({ token: "token" });
    // @ts-expect-error: the address is known only of a valid link
    verified.email;
  });

  test("a call takes its fields and no other", () => {
    // @ts-expect-error: the address is missing
    void client.requestReset({});
    // @ts-expect-error: FormData returns null if a field is missing
    void client.requestReset({ email: null });
    // @ts-expect-error: the new password is called newPassword
    void client.completeReset({ token: "token", password: "password" });
    // @ts-expect-error: the url is required
    passwordResetClient({});
    passwordResetClient({ url: "/password_reset", fetch: undefined, locale: undefined });
  });

  test("fetch is that of the runtime, of a mobile app, or the application's own", () => {
    expectTypeOf(fetch).toExtend<ClientFetch>();
    // As @types/react-native declares it.
    type NativeInit = { body?: string | object; credentials?: "omit" | "include"; headers?: object; method?: string };
    type NativeResponse = { ok: boolean; status: number; json(): Promise<unknown> };
    expectTypeOf<
      (input: string | { url: string }, init?: NativeInit) => Promise<NativeResponse>
    >().toExtend<ClientFetch>();
    passwordResetClient({
      url: "/password_reset",
      fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(10_000) }),
    });
    expectTypeOf<(url: string) => Promise<string>>().not.toExtend<ClientFetch>();
  });
});
