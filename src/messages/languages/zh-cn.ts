import type { Language } from "../language.ts";

/**
 * Chinese in simplified characters.
 *
 * @example
 * const passwordReset = createPasswordReset({ ...options, languages: [en, zhCN] });
 */
export const simplifiedChinese: Language = {
  tag: "zh-CN",
  greeting: (name) => (name ? `${name}，您好：` : "您好："),
  resetLink: {
    subject: (appName) => `重置您的“${appName}”密码`,
    intro: (appName) => `我们收到了重置您的“${appName}”账户密码的申请。请打开以下链接，设置新密码：`,
    action: "设置新密码",
    plainLink: "如果按钮无法使用，请复制以下链接，并在浏览器中打开：",
    lifetime: (duration) => `该链接只能使用一次，有效期为${duration}。`,
    notYou: "如果不是您本人申请的，忽略此邮件即可，密码不会改变。请勿将此链接转发给任何人。",
  },
  resetCode: {
    intro: (appName) => `我们收到了重置您的“${appName}”账户密码的申请。请在提出申请的页面输入以下验证码，设置新密码：`,
    lifetime: (duration) => `验证码有效期为${duration}，且只能在提出申请的设备上使用。`,
    secrecy: (appName) => `请勿将验证码告诉任何人。“${appName}”的工作人员绝不会向您索要验证码。`,
    orLink: "您也可以在任意设备上打开以下链接：",
    notYou: "如果不是您本人申请的，忽略此邮件即可，密码不会改变。也请勿将链接转发给任何人。",
  },
  invitation: {
    subject: (appName) => `为您的“${appName}”账户设置密码`,
    intro: (appName) => `您的“${appName}”账户尚未设置密码。请打开以下链接，设置密码：`,
    action: "设置密码",
    plainLink: "如果按钮无法使用，请复制以下链接，并在浏览器中打开：",
    lifetime: (duration) => `该链接只能使用一次，有效期为${duration}。`,
    notYou: "如果您不清楚为何会收到此邮件，忽略即可，账户不会有任何变化。请勿将此链接转发给任何人。",
  },
  passwordChanged: {
    subject: (appName) => `您的“${appName}”密码已更改`,
    intro: (appName, when, address) => `您的“${appName}”账户密码已更改。更改时间：${when}${address ? `，IP 地址：${address}` : ""}。`,
    signedOut: "如果是您本人更改的，则无需任何操作。下次请使用新密码登录。",
    notYou: "如果不是您本人更改的，可能有其他人能够访问您的邮箱。请先更改邮箱密码，然后立即联系我们。",
  },
  noAccount: {
    subject: (appName) => `此邮箱地址没有对应的“${appName}”账户`,
    intro: (appName) => `我们收到了一份申请，要求重置此邮箱地址对应的“${appName}”账户密码。没有账户使用此邮箱地址，因此无需重置。`,
    otherAddress: "如果是您本人申请的，您可能是用其他邮箱地址注册的，请用该地址重试。",
    notYou: "如果不是您本人申请的，忽略此邮件即可。",
  },
  noPassword: {
    subject: (appName) => `如何登录您的“${appName}”账户`,
    intro: (appName) => `我们收到了重置您的“${appName}”账户密码的申请。该账户没有设置密码。`,
    signInWith: (way) => `登录方式：${way}。`,
    signIn: "请使用您平时的方式登录，例如使用您在其他平台的账户，或通过您所在的机构登录。",
    notYou: "如果不是您本人申请的，忽略此邮件即可，账户没有任何变化。",
  },
  requested: (when, address) => `申请时间：${when}${address ? `，IP 地址：${address}` : ""}。`,
  contact: "需要帮助？请通过以下地址联系我们：",
  violations: {
    required: () => "请输入新密码。",
    invalid_characters: () => "该密码包含无法使用的字符，请换一个密码。",
    too_short: ({ min }) => `密码至少需要 ${min} 个字符。`,
    too_long: ({ max }) => `密码最多 ${max} 个字符。`,
    too_long_in_bytes: ({ maxBytes }) => `密码过长，最多 ${maxBytes} 个字符。一个汉字算三个字符，一个表情符号算四个或更多字符。`,
    common: () => "该密码过于常见，很容易被猜到，请换一个密码。",
    personal: () => "该密码与您的姓名、邮箱地址或本服务的名称过于相似，请换一个密码。",
    breached: () => "该密码曾在数据泄露事件中出现，并不安全，请换一个密码。",
    breach_check_unavailable: () => "无法检查该密码，请稍后重试。",
    unacceptable: () => "该密码无法使用，请换一个密码。",
  },
};
