import type { Language } from "../language.ts";
import { counted, type PluralForms } from "../plural.ts";

/** After a preposition. One and two are said by the noun. */
const CHARACTERS: PluralForms = {
  one: "حرف واحد",
  two: "حرفين",
  few: "# أحرف",
  many: "# حرفًا",
  other: "# حرف",
};
const BYTES: PluralForms = { one: "بايت واحد", two: "بايتان", few: "# بايتات", other: "# بايت" };

/** Arabic, with verbal nouns in place of imperatives, which would take the reader for a man or a woman. */
export const arabic: Language = {
  tag: "ar",
  direction: "rtl",
  // The default differs between runtimes.
  formats: { numberingSystem: "arab" },
  greeting: (name) => (name ? `مرحبًا ${name}،` : "مرحبًا،"),
  resetLink: {
    subject: (appName) => `إعادة تعيين كلمة مرور حسابك في ${appName}`,
    intro: (appName) =>
      `طلب شخص ما، والأرجح أنه أنت، إعادة تعيين كلمة مرور حسابك في ${appName}. لاختيار كلمة مرور جديدة، يُرجى فتح هذا الرابط:`,
    action: "اختيار كلمة مرور جديدة",
    plainLink: "إذا لم يعمل الزر، يمكنك نسخ هذا العنوان إلى المتصفح:",
    lifetime: (duration) =>
      `يعمل الرابط مرة واحدة فقط، ومدة صلاحيته: ${duration}. إذا تكرر الطلب، فلن يعمل إلا الرابط الوارد في أحدث رسالة.`,
    notYou:
      "إذا لم يصدر هذا الطلب عنك، فلا حاجة إلى أي إجراء: ستبقى كلمة مرورك كما هي. يُرجى عدم مشاركة هذا الرابط مع أي شخص.",
  },
  passwordChanged: {
    subject: (appName) => `تم تغيير كلمة مرور حسابك في ${appName}`,
    intro: (appName, when) => `تم تغيير كلمة مرور حسابك في ${appName}. التاريخ والوقت: ${when}.`,
    signedOut:
      "إذا كان هذا التغيير منك، فلا حاجة إلى أي إجراء آخر. يمكنك تسجيل الدخول من جديد بكلمة المرور الجديدة.",
    notYou:
      "إذا لم يكن هذا التغيير منك، فمن المحتمل أن شخصًا آخر يستطيع قراءة بريدك. يُرجى تأمين صندوق بريدك أولًا، ثم الاتصال بنا فورًا.",
  },
  noAccount: {
    subject: (appName) => `لا يوجد حساب بهذا العنوان في ${appName}`,
    intro: (appName) =>
      `طلب شخص ما، ربما أنت، إعادة تعيين كلمة مرور حساب في ${appName} بعنوان البريد الإلكتروني هذا. لا يوجد حساب بهذا العنوان، ولذلك ليس هناك ما يُعاد تعيينه.`,
    otherAddress: "إذا كان الطلب منك، فربما كان حسابك مسجلًا بعنوان آخر. يُرجى إعادة المحاولة بذلك العنوان.",
    notYou: "إذا لم يكن الطلب منك، فلا حاجة إلى أي إجراء.",
  },
  noPassword: {
    subject: (appName) => `طريقة تسجيل الدخول إلى حسابك في ${appName}`,
    intro: (appName) =>
      `طلب شخص ما، والأرجح أنه أنت، إعادة تعيين كلمة مرور حسابك في ${appName}. ليس لهذا الحساب كلمة مرور، ولذلك ليس هناك ما يُعاد تعيينه.`,
    signInWith: (way) => `طريقة تسجيل الدخول إلى هذا الحساب: ${way}.`,
    signIn: "يُرجى تسجيل الدخول بالطريقة المعتادة، مثل استخدام حسابك في خدمة أخرى أو الدخول عبر مؤسستك.",
    notYou: "إذا لم يصدر هذا الطلب عنك، فلا حاجة إلى أي إجراء: لم يتغير شيء.",
  },
  contact: "يمكنك مراسلتنا على هذا العنوان:",
  violations: {
    required: () => "يُرجى إدخال كلمة مرور.",
    invalid_characters: () => "تحتوي كلمة المرور هذه على رموز لا يمكن حفظها. يُرجى اختيار كلمة مرور أخرى.",
    too_short: ({ min }) => `يجب ألا تقل كلمة المرور عن ${counted(min, CHARACTERS, arabic)}.`,
    too_long: ({ max, maxBytes }) =>
      maxBytes
        ? `كلمة المرور طويلة جدًا. الحد الأقصى: ${counted(maxBytes, BYTES, arabic)} (يشغل الحرف العربي بايتين، ويشغل الرمز التعبيري أربعة أو أكثر).`
        : `يجب ألا تزيد كلمة المرور على ${counted(max, CHARACTERS, arabic)}.`,
    common: () => "كلمة المرور هذه من أكثر كلمات المرور شيوعًا. يُرجى اختيار كلمة مرور يصعب تخمينها.",
    personal: () =>
      "كلمة المرور هذه قريبة جدًا من اسمك أو عنوانك أو اسم هذه الخدمة. يُرجى اختيار كلمة مرور أخرى.",
    breached: () => "ظهرت كلمة المرور هذه في تسريب بيانات. يُرجى اختيار كلمة مرور أخرى.",
    breach_check_unavailable: () => "تعذّر التحقق من كلمة المرور هذه الآن. يُرجى إعادة المحاولة بعد قليل.",
    unacceptable: () => "لا يمكن استخدام كلمة المرور هذه. يُرجى اختيار كلمة مرور أخرى.",
  },
};
