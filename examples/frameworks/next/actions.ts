"use server";
import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { passwordReset } from "../password-reset.ts";

// app/reset/actions.ts: your own pages, over server actions. Next.js itself compares their Origin with the host.

const LINK = "__Host-link";

/** For `useActionState` of the form that asks for a link. */
export async function requestReset(_previous: unknown, form: FormData) {
  const sent = await headers();
  // Set by your proxy, which must overwrite it if a client has sent one.
  const [ip, locale] = [sent.get("x-real-ip"), sent.get("accept-language")];
  return passwordReset.requestReset({ email: form.get("email"), ip, locale });
}

/** For `useActionState` of the form with the new password. */
export async function setPassword(_previous: unknown, form: FormData) {
  const jar = await cookies();
  const token = jar.get(LINK)?.value;
  const link = await passwordReset.verifyToken({ token });
  // Two links in two tabs share the cookie, and a form must not set the password of the other link's account.
  if (!link.ok || link.email !== form.get("email")) redirect("/reset?notice=invalid_or_expired_token");
  const sent = await headers();
  const [ip, locale] = [sent.get("x-real-ip"), sent.get("accept-language")];
  const result = await passwordReset.completeReset({ token, newPassword: form.get("password"), ip, locale });
  if (!result.ok) return result;
  jar.delete({ name: LINK, path: "/", secure: true });
  redirect("/login?notice=password_set");
}
