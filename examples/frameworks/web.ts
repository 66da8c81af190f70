import { type Answer, checkSender, failed, fieldsOf, MAX_BODY_BYTES, Refusal } from "./answers.ts";

// For frameworks whose routes get a web-standard Request and answer with a Response.

type Handler = (fields: Record<string, unknown>, locale: string | undefined) => Promise<Answer>;

/** Judges a request, reads it, lets `handle` answer. Never rejects. */
export async function respond(request: Request, handle: Handler): Promise<Response> {
  const { status, headers, body } = await answer(request, handle).catch((error: unknown) => failed(error));
  return new Response(JSON.stringify(body), { status, headers });
}

async function answer(request: Request, handle: Handler): Promise<Answer> {
  checkSender((name) => request.headers.get(name));
  const fields = fieldsOf(await jsonOf(request));
  return handle(fields, request.headers.get("accept-language") ?? undefined);
}

/** Instead of `request.json()`, which takes a body of any size. */
async function jsonOf(request: Request): Promise<unknown> {
  if (Number(request.headers.get("content-length")) > MAX_BODY_BYTES) throw new Refusal("too_large");
  const reader = request.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      bytes += part.value.byteLength;
      // The rest is left unread and not cancelled: some servers would close the connection before the answer.
      if (bytes > MAX_BODY_BYTES) throw new Refusal("too_large");
      text += decoder.decode(part.value, { stream: true });
    }
    return JSON.parse(text + decoder.decode());
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal("invalid_json");
  }
}
