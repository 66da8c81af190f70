/** What the pages say, in one language. */
export type Texts = typeof english;

const english = {
  tag: "en",
  errorPrefix: "Error",
  email: "E-mail address",
  password: "Password",

  request: {
    title: "Reset your password",
    lead: "Enter the e-mail address of your account. We will send you a link to set a new password.",
    submit: "Send me a link",
    back: "Back to sign in",
    notices: {
      invalid_or_expired_token: {
        title: "That is an invalid or expired token",
        detail:
          "A link works once, for a short time, and only until a newer one is sent. You can ask for another here.",
      },
      open_link_again: {
        title: "Open your link again",
        detail: "Follow the link in the newest mail from us once more, or ask for another here.",
      },
    },
    errors: {
      invalid_email: "Enter one e-mail address, like name@example.com.",
      unknown_email: "There is no account with this e-mail address.",
    },
  },

  sent: {
    title: "Check your mail",
    lead: "If there is an account with that e-mail address, a link to set a new password is on its way to it.",
    detail: "Nothing there after a few minutes? Look into the spam folder, check the address, and try again.",
    again: "Try another address",
  },

  form: {
    title: "Set a new password",
    account: "For the account",
    password: "New password",
    confirmation: "Repeat the new password",
    requirements: (min: number) =>
      `At least ${min} characters. Four random words make a good password. It must not be a common one, nor one made of your name or address.`,
    mismatch: "The two passwords were different. Enter both again.",
    submit: "Set the password",
    aftermath: "You will be signed out on every device.",
  },

  login: {
    title: "Sign in",
    submit: "Sign in",
    forgotten: "Forgot your password?",
    passwordSet: "Your password was set. Try to log in.",
    refused: "The e-mail address and the password do not match.",
  },

  home: {
    title: "You are signed in",
    greeting: (name: string) => `Hello, ${name}`,
    account: "Account",
    sessions: "Devices signed in",
    hint: "To see a reset end this session: open a private window, reset the password there, and reload this page.",
    signOut: "Sign out",
  },

  problem: {
    home: "Go to the start page",
    later: "Please try again",
    400: { title: "That did not work", detail: "The request could not be understood." },
    403: {
      title: "That did not come from here",
      detail: "Forms are only accepted from our own pages. Open the page here and try again.",
    },
    404: { title: "Nothing here", detail: "There is no page at this address." },
    405: { title: "That is not possible here", detail: "This page cannot be used in that way." },
    409: { title: "You are signed in", detail: "Sign out first to reset a password." },
    413: { title: "That was too long", detail: "More was sent than this form can take." },
    415: { title: "That was not a form", detail: "This address only takes forms." },
    422: { title: "Choose another password", detail: "The password does not meet the requirements." },
    429: { title: "Too many attempts", detail: "For safety there is a short break now." },
    500: { title: "Something went wrong", detail: "It is our fault, not yours. Please try again later." },
    503: {
      title: "Something is out of order",
      detail: "It is our fault, not yours. Please try again in a few minutes.",
    },
    /** For programs, where the sentence on the page does not fit. */
    details: {
      invalid_json: "The body has to be one JSON object in UTF-8, with no name in it twice.",
      invalid_or_expired_token:
        "The link is invalid or expired: it works once, for a short time, and only until a newer one is sent.",
      cross_site: "Requests are only accepted from our own pages.",
      method_not_allowed: "This address cannot be used in that way.",
      too_large: "More was sent than this address can take.",
      unsupported_media_type: "This address does not take bodies of that type.",
    },
  },
};

const russian: Texts = {
  tag: "ru",
  errorPrefix: "Ошибка",
  email: "Адрес электронной почты",
  password: "Пароль",

  request: {
    title: "Сброс пароля",
    lead: "Введите адрес электронной почты вашей учётной записи. Мы пришлём ссылку, чтобы задать новый пароль.",
    submit: "Прислать ссылку",
    back: "Вернуться ко входу",
    notices: {
      invalid_or_expired_token: {
        title: "Ссылка недействительна или устарела",
        detail: "Ссылка действует один раз, недолго и только до следующей. Здесь можно запросить новую.",
      },
      open_link_again: {
        title: "Откройте ссылку ещё раз",
        detail: "Перейдите по ссылке из последнего нашего письма ещё раз или запросите здесь новую.",
      },
    },
    errors: {
      invalid_email: "Введите один адрес, например name@example.com.",
      unknown_email: "Учётной записи с таким адресом нет.",
    },
  },

  sent: {
    title: "Проверьте почту",
    lead: "Если с этим адресом связана учётная запись, мы уже отправляем на него ссылку для нового пароля.",
    detail: "Через несколько минут письма всё нет? Загляните в спам, проверьте адрес и попробуйте снова.",
    again: "Указать другой адрес",
  },

  form: {
    title: "Новый пароль",
    account: "Для учётной записи",
    password: "Новый пароль",
    confirmation: "Новый пароль ещё раз",
    requirements: (min: number) =>
      `Не короче ${min} знаков. Хороший пароль — четыре случайных слова. Не подойдут распространённые пароли и пароли из вашего имени или адреса.`,
    mismatch: "Пароли не совпали. Введите оба ещё раз.",
    submit: "Сохранить пароль",
    aftermath: "Вы выйдете из системы на всех устройствах.",
  },

  login: {
    title: "Вход",
    submit: "Войти",
    forgotten: "Забыли пароль?",
    passwordSet: "Новый пароль сохранён. Попробуйте войти.",
    refused: "Адрес и пароль не подходят друг к другу.",
  },

  home: {
    title: "Вы вошли",
    greeting: (name: string) => `Здравствуйте, ${name}`,
    account: "Учётная запись",
    sessions: "Устройств со входом",
    hint: "Чтобы увидеть, как сброс завершает этот сеанс, откройте приватное окно, сбросьте там пароль и обновите эту страницу.",
    signOut: "Выйти",
  },

  problem: {
    home: "На главную",
    later: "Попробуйте снова",
    400: { title: "Не получилось", detail: "Запрос не удалось разобрать." },
    403: {
      title: "Запрос пришёл не отсюда",
      detail: "Мы принимаем формы только со своих страниц. Откройте страницу здесь и попробуйте снова.",
    },
    404: { title: "Здесь ничего нет", detail: "Такой страницы нет." },
    405: { title: "Так здесь нельзя", detail: "Эта страница так не работает." },
    409: { title: "Вы вошли", detail: "Чтобы сбросить пароль, сначала выйдите." },
    413: { title: "Слишком длинно", detail: "Форма столько не вмещает." },
    415: { title: "Это была не форма", detail: "По этому адресу принимаются только формы." },
    422: { title: "Выберите другой пароль", detail: "Пароль не соответствует требованиям." },
    429: { title: "Слишком много попыток", detail: "Ради безопасности сделаем небольшой перерыв." },
    500: { title: "Что-то сломалось", detail: "Это наша вина. Пожалуйста, попробуйте позже." },
    503: {
      title: "Что-то не работает",
      detail: "Это наша вина. Пожалуйста, попробуйте через несколько минут.",
    },
    details: {
      invalid_json: "В теле запроса должен быть один объект JSON в UTF-8, без повторяющихся имён.",
      invalid_or_expired_token:
        "Ссылка недействительна или устарела: она действует один раз, недолго и только до следующей.",
      cross_site: "Мы принимаем запросы только со своих страниц.",
      method_not_allowed: "Этот адрес так не работает.",
      too_large: "Этот адрес столько не вмещает.",
      unsupported_media_type: "Этот адрес не принимает данные такого вида.",
    },
  },
};

/** The texts for an Accept-Language header or a single language tag; English where nothing fits. */
export function textsFor(locale: string | undefined): Texts {
  const wishes = (locale ?? "")
    .split(",")
    .map((wish) => {
      const [tag = "", ...parameters] = wish
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/);
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
      return { language: tag.split("-")[0], quality: Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  const wish = wishes.find(({ language }) => language === "ru" || language === "en");
  return wish?.language === "ru" ? russian : english;
}
