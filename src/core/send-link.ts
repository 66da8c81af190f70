import { mustBe } from "../lib/shape.ts";
import { isDeclared } from "../lib/tenants.ts";
import { readOwnField } from "../lib/untrusted-input.ts";
import { chooseLanguage } from "../messages/language.ts";
import { findRefusal } from "./account.ts";
import type { SendLinkResult } from "./api.ts";
import type { Core } from "./core.ts";
import { handOver } from "./deliver.ts";
import { createJob, readCorrelationId } from "./jobs.ts";

/**
 * Sends a link for the back office: past the limits, and with the truth as its result. The job looks the account up again,
 * so the email fits what the account is then.
 */
export async function sendLink(core: Core, input: unknown): Promise<SendLinkResult> {
  const { users, tenants, languages, emit, now } = core.config;
  const userId = readOwnField(input, "userId");
  if (typeof userId !== "string" || userId === "") {
    throw mustBe("The id given to sendLink", "a non-empty string", userId, "sendLink({ userId: String(user.id) })");
  }
  const correlationId = readCorrelationId(input);
  const account = await users.findById(userId);
  const tenant = account?.tenant;
  if (!account || !isDeclared(tenants, tenant)) {
    const reason = account ? "other_tenant" : "unknown_account";
    emit({ type: "request_skipped", userId, reason, tenant, correlationId });
    return { ok: false, reason: "unknown_account" };
  }
  const reason = findRefusal(account, !!users.setFirstPasswordHash);
  if (reason) {
    emit({ type: "request_skipped", userId, reason, tenant, correlationId });
    return { ok: false, reason };
  }

  const locale = chooseLanguage(languages, readOwnField(input, "locale")).tag;
  const job = { ...createJob(now()), type: "link_requested", userId, locale, tenant, correlationId } as const;
  await handOver(core, job);
  const isInvitation = account.passwordHash === null;
  emit({ type: "link_requested", jobId: job.id, userId, isInvitation, tenant, correlationId });
  return { ok: true, isInvitation };
}
