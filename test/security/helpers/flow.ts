import type { Answer, Client, Sent } from "../../e2e/client.ts";
import {
  both,
  COMPLETE,
  FORM,
  handleIn,
  linkTo,
  NEW_PASSWORD,
  RESET,
  tokenIn,
  VERIFY,
} from "../../e2e/contract/helpers.ts";
import type { Visit } from "./adapters.ts";

/** What is sent along with every step. */
export interface Extra {
  headers?: Record<string, string>;
  /** Appended to every URL, without a question mark. */
  query?: string;
  /** Posted beside the fields that belong there. */
  fields?: Record<string, string>;
  /** Sent in the request line of a POST instead of the path. */
  target?: (path: string) => string;
}

/** Every answer on the way to a new password, and the links that were mailed. */
export interface Walk {
  answers: Answer[];
  links: string[];
}

/** Resets one password by the pages and another one as a program, with the same extras at every step. */
export async function walk({ app, client, mike, jane }: Visit, extra: Extra = {}): Promise<Walk> {
  const answers: Answer[] = [];
  const step = stepper(client, extra, answers);

  await step("POST", RESET, { form: { email: mike.email } });
  const link = await linkTo(app, mike.email);
  const token = tokenIn(link);
  await step("GET", `${RESET}/${token}`);
  const form = await step("GET", FORM);
  await step("POST", FORM, { form: { ...both("x"), handle: handleIn(form) } });
  await step("POST", FORM, { form: { ...both(NEW_PASSWORD), handle: handleIn(form) } });
  await step("GET", `${RESET}/${token}`);

  await step("POST", RESET, { json: { email: jane.email } });
  const other = await linkTo(app, jane.email);
  const asProgram = { token: tokenIn(other), password: NEW_PASSWORD };
  await step("POST", VERIFY, { json: asProgram });
  await step("POST", COMPLETE, { json: asProgram });
  await step("POST", COMPLETE, { json: asProgram });
  return { answers, links: [link, other] };
}

function stepper(client: Client, { headers, query, fields, target }: Extra, answers: Answer[]) {
  return async (method: string, path: string, { form, json }: Sent = {}): Promise<Answer> => {
    const url = query ? `${path}?${query}` : path;
    const answer = await client.send(method, url, {
      headers: { ...(method === "POST" && { "Sec-Fetch-Site": "same-origin" }), ...headers },
      ...(form && { form: { ...fields, ...(form as Record<string, string>) } }),
      ...(json !== undefined && { json: { ...fields, ...(json as object) } }),
      ...(target && method === "POST" && { target: target(url) }),
    });
    answers.push(answer);
    return answer;
  };
}

/** Status and where it leads: what the steps of a walk answer when nothing interferes. */
export const outline = ({ answers }: Walk): unknown[] =>
  answers.map(({ status, headers }) => [status, headers.location]);

export const UNDISTURBED: unknown[] = [
  [200, undefined],
  [303, FORM],
  [200, undefined],
  [400, undefined],
  [303, "/login?notice=password_set"],
  [303, `${RESET}?notice=invalid_or_expired_token`],
  [200, undefined],
  [200, undefined],
  [200, undefined],
  [400, undefined],
];
