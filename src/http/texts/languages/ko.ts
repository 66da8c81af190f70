import type { Texts } from "../texts.ts";

/** Korean, polite. No particle ever follows a name: its form would depend on the last sound. */
export const korean: Texts = {
  errorTitle: (title) => `오류: ${title}`,
  email: "이메일 주소",
  back: "로그인으로 돌아가기",
  request: {
    title: "비밀번호 재설정",
    lead: "로그인할 때 사용하는 이메일 주소를 입력하세요. 새 비밀번호를 설정할 수 있는 링크를 이메일로 보내 드립니다.",
    submit: "링크 받기",
    leadForCode:
      "로그인할 때 사용하는 이메일 주소를 입력하세요. 새 비밀번호를 설정할 수 있는 코드를 이메일로 보내 드립니다.",
    submitForCode: "코드 받기",
    notices: {
      malformed_link: {
        title: "링크가 완전하지 않습니다",
        detail: "이메일에 있는 링크 전체를 복사해서 열거나 여기에서 새 링크를 받으세요.",
      },
      invalid_or_expired_token: {
        title: "이 링크는 더 이상 사용할 수 없습니다",
        detail:
          "링크는 한 번만 사용할 수 있으며 일정 시간이 지나면 만료됩니다. 새 링크를 받으려면 이메일 주소를 입력하세요.",
      },
      open_link_again: {
        title: "링크를 다시 열어 주세요",
        detail: "이메일로 돌아가 링크를 다시 열거나 여기에서 새 링크를 받으세요.",
      },
      cookies_needed: {
        title: "브라우저가 쿠키를 차단하고 있습니다",
        detail: "이 사이트의 쿠키를 허용한 다음 이메일로 돌아가 링크를 다시 여세요.",
      },
    },
    errors: {
      invalid_email: "올바른 형식의 이메일 주소를 입력하세요(예: name@example.com).",
      unknown_email: "이 이메일 주소로 등록된 계정을 찾을 수 없습니다. 주소를 확인하거나 다른 주소로 시도해 보세요.",
    },
  },
  sent: {
    title: "이메일을 확인하세요",
    lead: (email) =>
      `${email} 주소로 등록된 계정이 있으면 새 비밀번호를 설정할 수 있는 링크를 이메일로 보내 드렸습니다.`,
    lifetime: (duration) => `링크는 한 번만 사용할 수 있으며 유효 기간은 ${duration}입니다.`,
    detail: "몇 분이 지나도 오지 않았나요? 스팸 메일함을 살펴보고 이메일 주소가 정확한지 확인하세요.",
    again: "다른 이메일 주소 사용",
  },
  code: {
    lead: (email) =>
      `${email} 주소로 등록된 계정이 있으면 새 비밀번호를 설정할 수 있는 코드를 이메일로 보내 드렸습니다.`,
    leadWithoutAddress:
      "이 이메일 주소로 등록된 계정이 있으면 새 비밀번호를 설정할 수 있는 코드를 이메일로 보내 드렸습니다.",
    label: "이메일로 받은 코드",
    digits: (count) => `숫자 ${count}자리입니다.`,
    lifetime: (duration) => `코드의 유효 기간은 ${duration}입니다.`,
    submit: "계속",
    refused: "코드가 올바르지 않거나 더 이상 사용할 수 없습니다. 코드를 확인하거나 새 코드를 받으세요.",
    orLink: "코드가 없나요? 이메일에 있는 링크를 여세요.",
  },
  newPassword: {
    title: "새 비밀번호 설정",
    account: "계정",
    password: "새 비밀번호",
    confirmation: "새 비밀번호 확인",
    minLength: (min) => `${min}자 이상이어야 합니다.`,
    advice: "무작위로 고른 단어 네 개를 쓰면 좋습니다. 이름, 이메일 주소, 흔한 비밀번호는 사용하지 마세요.",
    mismatch: "비밀번호가 일치하지 않습니다. 다시 입력하세요.",
    submit: "새 비밀번호 설정",
    aftermath: "모든 기기에서 로그아웃됩니다.",
  },
  invitation: {
    title: "비밀번호 설정",
    password: "비밀번호",
    confirmation: "비밀번호 확인",
    submit: "비밀번호 설정",
  },
  secondFactor: {
    choice: "본인 확인 방법을 선택하세요",
    methods: {
      totp: "인증 앱의 코드",
      recovery_code: "복구 코드",
      sms: "문자 메시지로 받은 코드",
    },
    response: "코드",
    errors: {
      second_factor_required: "본인 확인을 위한 코드를 입력하세요.",
      second_factor_rejected: "코드가 올바르지 않습니다. 코드를 확인하거나 다른 코드를 입력하세요.",
    },
  },
  signedIn: {
    title: "이미 로그인되어 있습니다",
    lead: "비밀번호를 설정하는 링크를 여셨습니다. 현재 로그인한 계정이 아닌 다른 계정의 링크일 수 있습니다.",
    signOut: "로그아웃하고 비밀번호 설정",
    goOn: "로그아웃하지 않고 계속",
  },
  home: "홈으로 이동",
  later: (when) => `${when}에 다시 시도하세요.`,
  problems: {
    400: { title: "처리하지 못했습니다", detail: "이전 페이지로 돌아가 다시 시도하세요." },
    403: {
      title: "양식을 받을 수 없습니다",
      detail: "다른 사이트에서 보낸 양식입니다. 이 사이트에서 페이지를 열고 다시 시도하세요.",
    },
    404: { title: "페이지를 찾을 수 없습니다", detail: "웹 주소를 확인하거나 홈으로 이동하세요." },
    405: { title: "여기에서는 할 수 없는 작업입니다", detail: "이전 페이지로 돌아가 양식을 사용하세요." },
    409: { title: "이미 로그인되어 있습니다", detail: "비밀번호를 재설정하려면 먼저 로그아웃하세요." },
    413: { title: "너무 깁니다", detail: "입력한 내용을 줄인 다음 다시 시도하세요." },
    415: { title: "데이터를 읽을 수 없습니다", detail: "이전 페이지로 돌아가 양식을 사용하세요." },
    422: { title: "다른 비밀번호를 선택하세요", detail: "이 비밀번호는 조건에 맞지 않습니다." },
    429: { title: "시도 횟수가 너무 많습니다", detail: "계정을 보호하기 위해 시도 횟수를 제한하고 있습니다." },
    500: { title: "죄송합니다. 문제가 발생했습니다", detail: "저희 쪽 문제입니다. 나중에 다시 시도하세요." },
    503: { title: "죄송합니다. 지금은 이용할 수 없습니다", detail: "저희 쪽 문제입니다. 몇 분 후에 다시 시도하세요." },
  },
  details: {
    invalid_request: "요청의 형식이 잘못되었습니다.",
    invalid_json: "본문은 중복된 키가 없는 UTF-8 JSON 객체 하나여야 합니다.",
    invalid_or_expired_token: "링크가 유효하지 않거나 만료되었습니다.",
    cross_site: "이 사이트에서 보낸 요청만 받습니다.",
    not_found: "이 URL에는 아무것도 없습니다.",
    method_not_allowed: "이 URL은 요청 메서드를 지원하지 않습니다.",
    too_large: "요청이 너무 큽니다.",
    unsupported_media_type: "지원하지 않는 Content-Type입니다.",
    password_rejected: "비밀번호가 조건에 맞지 않습니다.",
    second_factor_required: "이 계정에는 2단계 인증이 필요하지만 인증 정보가 없습니다.",
    second_factor_rejected: "2단계 인증 응답이 올바르지 않습니다.",
  },
};
