"use client";
import { useActionState } from "react";
import { setPassword } from "./actions.ts";

// app/reset/form.tsx, for app/reset/new_password/page.tsx, which verifies the link again and passes its address on

export function NewPasswordForm({ email }: { email: string }) {
  const [result, submit, isPending] = useActionState(setPassword, undefined);
  const violations = result?.reason === "password_rejected" ? result.violations : [];
  return (
    <form action={submit}>
      {result?.reason === "invalid_or_expired_token" && <p role="alert">This link no longer works.</p>}
      {violations.map(({ code, message }) => (
        <p key={code} role="alert">
          {message}
        </p>
      ))}
      <label>
        Account <input name="email" autoComplete="username" readOnly value={email} />
      </label>
      <label>
        New password <input name="password" type="password" autoComplete="new-password" required />
      </label>
      <button type="submit" disabled={isPending}>
        Set new password
      </button>
    </form>
  );
}
