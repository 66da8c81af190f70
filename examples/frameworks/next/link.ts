import { passwordReset } from "../password-reset.ts";

// app/reset/[token]/route.ts: the link moves from the address bar into a cookie. `resetUrl` ends in /reset/:token.

const LINK = "__Host-link";

export async function GET(_request: Request, { params }: { params: Promise<{ token: string }> }): Promise<Response> {
  const { token } = await params;
  const link = await passwordReset.verifyToken({ token });
  const Location = link.ok ? "/reset/new_password" : "/reset?notice=invalid_or_expired_token";
  const headers = new Headers({ Location, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" });
  if (link.ok) {
    const expires = link.expiresAt.toUTCString();
    headers.set("Set-Cookie", `${LINK}=${token}; Expires=${expires}; Path=/; HttpOnly; Secure; SameSite=Lax`);
  }
  return new Response(null, { status: 303, headers });
}
