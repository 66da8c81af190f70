import { durationInWords } from "../../messages/in-words.ts";
import type {
  CodeForm,
  NewPasswordPageInput,
  ProblemPageInput,
  RequestPageInput,
  SecondFactorForm,
  SentPageInput,
  SignedInPageInput,
} from "../pages.ts";
import { waitInWords } from "../texts/in-words.ts";
import { findProblemText } from "../texts/problems.ts";
import type { TaggedTexts } from "../texts/texts.ts";
import {
  type Content,
  MARKS,
  renderAction,
  renderChoice,
  renderField,
  renderHidden,
  renderUsername,
  renderWithEmail,
} from "./document.ts";
import { type Child, html } from "./html.ts";

export function writeRequest(texts: TaggedTexts, { method, notice, error, email, paths }: RequestPageInput): Content {
  const { title, lead, submit, leadForCode, submitForCode, notices, errors } = texts.request;
  const field = renderField({
    id: "email",
    label: texts.email,
    type: "email",
    autocomplete: "username",
    value: email,
    errors: error ? [errors[error]] : [],
    describedBy: notice && "notice",
    isFocused: true,
  });
  return {
    title,
    notice: notice && notices[notice],
    isError: error !== undefined,
    body: [
      html`<h1>${title}</h1>
<p class="quiet">${method === "code" ? leadForCode : lead}</p>
<form method="post" action="${paths.request}" novalidate>
${field}<button class="button">${method === "code" ? submitForCode : submit}</button>
</form>
`,
      renderAction(paths.login, texts.back),
    ],
  };
}

export function writeSent(texts: TaggedTexts, input: SentPageInput): Content {
  const { email, code, tokenLifetime, paths } = input;
  if (code) return writeSentCode(texts, input, code);
  const { title, lead, lifetime, detail, again } = texts.sent;
  return {
    title,
    body: [
      MARKS.mail,
      html`<h1>${title}</h1>
<p>${renderWithEmail(lead, email)}</p>
<p>${lifetime(durationInWords(tokenLifetime, texts))}</p>
<p class="quiet">${detail}</p>
`,
      renderAction(paths.request, again),
      renderAction(paths.login, texts.back),
    ],
  };
}

function writeSentCode(texts: TaggedTexts, { email, paths }: SentPageInput, code: CodeForm): Content {
  const { title, detail, again } = texts.sent;
  const { lead, leadWithoutAddress, label, digits, lifetime, submit, refused, orLink } = texts.code;
  const field = renderField({
    id: "code",
    label,
    type: "text",
    autocomplete: "one-time-code",
    isCode: true,
    isNumeric: true,
    hint: [digits(code.digits), lifetime(durationInWords(code.lifetime, texts))],
    errors: code.isRefused ? [refused] : [],
    isFocused: true,
  });
  return {
    title,
    isError: code.isRefused,
    body: [
      html`<h1>${title}</h1>
<p>${email === "" ? leadWithoutAddress : renderWithEmail(lead, email)}</p>
<form method="post" action="${code.action}" novalidate>
${renderHidden("email", email)}${field}<button class="button">${submit}</button>
</form>
<p class="quiet small">${orLink}</p>
<p class="quiet small">${detail}</p>
`,
      renderAction(paths.request, again),
      renderAction(paths.login, texts.back),
    ],
  };
}

export function writeNewPassword(texts: TaggedTexts, input: NewPasswordPageInput): Content {
  const { action, handle, email, isInvitation, violations, isMismatch, minPasswordLength: minLength } = input;
  const { secondFactor } = input;
  const words = { ...texts.newPassword, ...(isInvitation && texts.invitation) };
  const common = { type: "password", autocomplete: "new-password", minLength } as const;
  const password = renderField({
    ...common,
    id: "password",
    label: words.password,
    hint: [...(minLength === undefined ? [] : [words.minLength(minLength)]), words.advice],
    errors: violations.map(({ message }) => message),
    // Both passwords have to be entered again, so the cursor is in the first field, away from the error.
    ...(isMismatch && { describedBy: "password_confirmation-error", isInvalid: true }),
    ...(secondFactor?.error && { describedBy: "second_factor-error" }),
    isFocused: true,
  });
  const confirmation = renderField({
    ...common,
    id: "password_confirmation",
    label: words.confirmation,
    errors: isMismatch ? [words.mismatch] : [],
    isFocused: false,
  });
  return {
    title: words.title,
    isError: isMismatch || violations.length > 0 || secondFactor?.error !== undefined,
    body: [
      html`<h1>${words.title}</h1>
<p class="account">${words.account} <bdi>${email}</bdi></p>
<form method="post" action="${action}" novalidate>
${renderHidden("handle", handle)}${renderUsername(email, texts.email)}${password}${confirmation}${
  secondFactor && renderSecondFactor(texts, secondFactor)
}<button class="button">${words.submit}</button>
</form>
`,
      // There is no session to end before the first password.
      !isInvitation && html`<p class="quiet small">${words.aftermath}</p>`,
    ],
  };
}

/** Methods whose responses are digits. */
const NUMERIC_METHODS = ["totp", "sms"];

function renderSecondFactor({ secondFactor: words }: TaggedTexts, { methods, method, error }: SecondFactorForm): Child {
  const nameMethod = (each: string) => (Object.hasOwn(words.methods, each) ? (words.methods[each] ?? each) : each);
  const isChoice = methods.length > 1;
  const response = renderField({
    id: "second_factor",
    label: isChoice ? words.response : nameMethod(method),
    type: "text",
    autocomplete: "one-time-code",
    isCode: true,
    isNumeric: !isChoice && NUMERIC_METHODS.includes(method),
    errors: error ? [words.errors[error]] : [],
    isFocused: false,
  });
  if (!isChoice) return [renderHidden("second_factor_method", method), response];
  const options = methods.map((each) => [each, nameMethod(each)] as const);
  return [renderChoice({ id: "second_factor_method", label: words.choice, options, chosen: method }), response];
}

export function writeSignedIn(texts: TaggedTexts, input: SignedInPageInput): Content {
  const { continuePath, returnPath, signOutPath } = input;
  const { title, lead, signOut, goOn } = texts.signedIn;
  const body = html`<h1>${title}</h1>
<p class="quiet">${lead}</p>
`;
  if (signOutPath === undefined) {
    return { title, body: [body, html`<p class="next"><a class="button" href="${continuePath}">${goOn}</a></p>`] };
  }
  const form = html`<form method="post" action="${signOutPath}">
<input type="hidden" name="return_to" value="${returnPath}">
<button class="button">${signOut}</button>
</form>
`;
  return { title, body: [body, form, renderAction(continuePath, goOn)] };
}

export function writeProblem(texts: TaggedTexts, { status, retryAfterSeconds, paths }: ProblemPageInput): Content {
  const { title, detail } = findProblemText(texts, status);
  const wait = retryAfterSeconds !== undefined && texts.later(waitInWords(retryAfterSeconds, texts));
  return {
    title,
    body: [
      status === 429 ? MARKS.clock : MARKS.alert,
      html`<h1>${title}</h1>
<p>${detail}</p>
${wait && html`<p>${wait}</p>`}
`,
      // Anyone who did something that is not possible here can start again.
      status < 429 && renderAction(paths.request, texts.request.title),
      renderAction(paths.home, texts.home),
    ],
  };
}
