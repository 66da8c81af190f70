/** The texts of the sign-in page and of the page behind it, in one language. */
type Texts = typeof english;

const english = {
  tag: "en",
  errorPrefix: "Error",

  login: {
    title: "Sign in",
    email: "Email address",
    password: "Password",
    submit: "Sign in",
    forgotten: "Forgot your password?",
    passwordSet: "Your password has been changed. Sign in with your new password.",
    refused: "Wrong email address or password. Check both and try again.",
  },

  home: {
    title: "You're signed in",
    greeting: (name: string) => `Hello, ${name}`,
    account: "Account",
    sessions: "Signed-in devices",
    hint: "To see a reset sign this device out, reset your password in a private window, then reload this page.",
    signOut: "Sign out",
  },
};

const russian: Texts = {
  tag: "ru",
  errorPrefix: "Ошибка",

  login: {
    title: "Вход",
    email: "Электронная почта",
    password: "Пароль",
    submit: "Войти",
    forgotten: "Забыли пароль?",
    passwordSet: "Пароль изменён. Войдите с новым паролем.",
    refused: "Неверный адрес электронной почты или пароль.",
  },

  home: {
    title: "Вы вошли в учётную запись",
    greeting: (name: string) => `Здравствуйте, ${name}`,
    account: "Учётная запись",
    sessions: "Активные сеансы",
    hint: "Чтобы увидеть, как сброс завершает этот сеанс, откройте приватное окно, сбросьте там пароль и обновите эту страницу.",
    signOut: "Выйти",
  },
};

/** Returns the texts for a language tag, as `settings().locale` names it. */
export const textsFor = (tag: string): Texts => (tag === "ru" ? russian : english);
