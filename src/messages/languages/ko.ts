import type { Language } from "../language.ts";

/**
 * Korean. No particle ever follows a name: its form would depend on the last sound.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, ko] });
 */
export const korean: Language = {
  tag: "ko",
  formats: { hourCycle: "h23" },
  greeting: (name) => (name ? `${name}님, 안녕하세요.` : "안녕하세요."),
  resetLink: {
    subject: (appName) => `${appName} 비밀번호 재설정 안내`,
    intro: (appName) => `${appName} 계정의 비밀번호 재설정 요청을 받았습니다. 아래 링크를 열어 새 비밀번호를 설정하세요.`,
    action: "새 비밀번호 설정",
    plainLink: "버튼이 작동하지 않으면 다음 링크를 복사하여 브라우저에서 여세요.",
    lifetime: (duration) => `링크는 한 번만 사용할 수 있으며 유효 기간은 ${duration}입니다.`,
    notYou: "직접 요청하지 않으셨다면 이 이메일을 무시하셔도 됩니다. 비밀번호는 변경되지 않습니다. 이 링크를 다른 사람에게 알려 주지 마세요.",
  },
  resetCode: {
    intro: (appName) => `${appName} 계정의 비밀번호 재설정 요청을 받았습니다. 새 비밀번호를 설정하려면 요청하신 페이지에 아래 코드를 입력하세요.`,
    lifetime: (duration) => `코드는 요청하신 기기에서만 사용할 수 있으며 유효 기간은 ${duration}입니다.`,
    secrecy: (appName) => `이 코드를 다른 사람에게 알려 주지 마세요. ${appName} 담당자는 어떤 경우에도 이 코드를 묻지 않습니다.`,
    orLink: "또는 어느 기기에서든 아래 링크를 여세요.",
    notYou: "직접 요청하지 않으셨다면 이 이메일을 무시하셔도 됩니다. 비밀번호는 변경되지 않습니다. 링크도 다른 사람에게 알려 주지 마세요.",
  },
  invitation: {
    subject: (appName) => `${appName} 비밀번호 설정 안내`,
    intro: (appName) => `${appName} 계정에 아직 비밀번호가 설정되어 있지 않습니다. 아래 링크를 열어 비밀번호를 설정하세요.`,
    action: "비밀번호 설정",
    plainLink: "버튼이 작동하지 않으면 다음 링크를 복사하여 브라우저에서 여세요.",
    lifetime: (duration) => `링크는 한 번만 사용할 수 있으며 유효 기간은 ${duration}입니다.`,
    notYou: "예상하지 못한 이메일이라면 무시하셔도 됩니다. 아무것도 변경되지 않습니다. 이 링크를 다른 사람에게 알려 주지 마세요.",
  },
  passwordChanged: {
    subject: (appName) => `${appName} 비밀번호 변경 안내`,
    intro: (appName, when, address) => `${appName} 계정의 비밀번호가 변경되었습니다(변경 일시: ${when}${address ? `, IP 주소: ${address}` : ""}).`,
    signedOut: "직접 변경하셨다면 아무것도 하지 않으셔도 됩니다. 다음에는 새 비밀번호로 로그인하세요.",
    notYou: "직접 변경하지 않으셨다면 다른 사람이 회원님의 이메일에 접근하고 있을 수 있습니다. 먼저 이메일 비밀번호를 변경한 다음 즉시 저희에게 연락해 주세요.",
  },
  noAccount: {
    subject: (appName) => `${appName} 계정이 없는 이메일 주소입니다`,
    intro: (appName) => `이 이메일 주소로 ${appName} 계정의 비밀번호 재설정 요청을 받았습니다. 이 주소로 등록된 계정이 없으므로 재설정할 비밀번호가 없습니다.`,
    otherAddress: "직접 요청하셨다면 다른 이메일 주소로 가입하셨을 수 있습니다. 그 주소로 다시 시도해 주세요.",
    notYou: "직접 요청하지 않으셨다면 이 이메일을 무시하셔도 됩니다.",
  },
  noPassword: {
    subject: (appName) => `${appName} 로그인 방법 안내`,
    intro: (appName) => `${appName} 계정의 비밀번호 재설정 요청을 받았습니다. 이 계정에는 비밀번호가 없습니다.`,
    signInWith: (way) => `로그인 방법: ${way}.`,
    signIn: "다른 서비스의 계정이나 소속 기관을 통한 로그인 등 평소 사용하시는 방법으로 로그인하세요.",
    notYou: "직접 요청하지 않으셨다면 이 이메일을 무시하셔도 됩니다. 변경된 것은 없습니다.",
  },
  requested: (when, address) => `이 이메일은 ${when}에 요청되었습니다${address ? `(IP 주소: ${address})` : ""}.`,
  contact: "도움이 필요하시면 다음 주소로 문의하세요.",
  violations: {
    required: () => "새 비밀번호를 입력하세요.",
    invalid_characters: () => "이 비밀번호에는 사용할 수 없는 문자가 포함되어 있습니다. 다른 비밀번호를 선택하세요.",
    too_short: ({ min }) => `${min}자 이상으로 입력하세요.`,
    too_long: ({ max }) => `${max}자 이하로 입력하세요.`,
    too_long_in_bytes: ({ maxBytes }) => `비밀번호가 너무 깁니다. ${maxBytes}자 이하로 입력하세요. 한글은 글자당 3자, 이모지는 4자 이상으로 계산합니다.`,
    common: () => "너무 흔해서 추측하기 쉬운 비밀번호입니다. 다른 비밀번호를 선택하세요.",
    personal: () => "이 비밀번호는 이름, 이메일 주소 또는 서비스 이름과 너무 비슷합니다. 다른 비밀번호를 선택하세요.",
    breached: () => "유출된 데이터에서 발견되어 안전하지 않은 비밀번호입니다. 다른 비밀번호를 선택하세요.",
    breach_check_unavailable: () => "이 비밀번호를 확인하지 못했습니다. 잠시 후 다시 시도하세요.",
    unacceptable: () => "이 비밀번호는 사용할 수 없습니다. 다른 비밀번호를 선택하세요.",
  },
};
