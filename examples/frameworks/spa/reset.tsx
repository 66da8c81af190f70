import { type FormEvent, useEffect, useState } from "react";
import { passwordResetClient } from "relatch/client";

const passwordReset = passwordResetClient({ url: "https://api.example.com/password_reset" });

/** The page at /reset#token=…, in a single-page application. */
export function NewPasswordPage({ onDone }: { onDone: () => void }) {
  // Read once, and removed from the address bar below.
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get("token") ?? "");
  const [email, setEmail] = useState<string>();
  const [errors, setErrors] = useState<string[]>([]);

  useEffect(() => {
    history.replaceState(null, "", location.pathname);
    void passwordReset.verifyToken({ token }).then((link) => {
      if (link.ok) setEmail(link.email);
      else setErrors([link.detail]);
    });
  }, [token]);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const newPassword = String(new FormData(event.currentTarget).get("password"));
    const result = await passwordReset.completeReset({ token, newPassword });
    if (result.ok) onDone();
    else
      setErrors(
        result.reason === "password_rejected" ? result.violations.map(({ message }) => message) : [result.detail],
      );
  }

  return (
    <form onSubmit={submit}>
      {errors.map((error) => (
        <p key={error} role="alert">
          {error}
        </p>
      ))}
      <label>
        Account <input autoComplete="username" readOnly value={email ?? ""} />
      </label>
      <label>
        New password <input name="password" type="password" autoComplete="new-password" required />
      </label>
      <button type="submit" disabled={email === undefined}>
        Set new password
      </button>
    </form>
  );
}
