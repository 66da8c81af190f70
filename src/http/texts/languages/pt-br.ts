import { formatCount } from "../../../messages/in-words.ts";
import type { Texts } from "../texts.ts";

/** Portuguese as it is written in Brazil. */
export const brazilianPortuguese: Texts = {
  errorTitle: (title) => `Erro: ${title}`,
  email: "Endereço de e-mail",
  back: "Voltar para o login",
  request: {
    title: "Redefina sua senha",
    lead: "Digite o endereço de e-mail que você usa para entrar. Vamos enviar um link para você definir uma nova senha.",
    submit: "Receber um link",
    leadForCode:
      "Digite o endereço de e-mail que você usa para entrar. Vamos enviar um código para você definir uma nova senha.",
    submitForCode: "Receber um código",
    notices: {
      malformed_link: {
        title: "Este link está incompleto",
        detail: "Copie o link inteiro do nosso e-mail ou peça um novo aqui.",
      },
      invalid_or_expired_token: {
        title: "Este link não funciona mais",
        detail:
          "Os links funcionam uma única vez e expiram depois de algum tempo. Digite seu endereço de e-mail para receber um novo.",
      },
      open_link_again: {
        title: "Abra o link novamente",
        detail: "Volte ao nosso e-mail e abra o link novamente ou peça um novo aqui.",
      },
      cookies_needed: {
        title: "Seu navegador está bloqueando cookies",
        detail: "Permita cookies para este site, depois volte ao nosso e-mail e abra o link novamente.",
      },
    },
    errors: {
      invalid_email: "Digite um endereço de e-mail no formato correto, como nome@example.com.",
      unknown_email: "Não encontramos nenhuma conta com esse endereço de e-mail. Confira-o ou tente outro.",
    },
  },
  sent: {
    title: "Confira seu e-mail",
    lead: (email) => `Se houver uma conta para ${email}, enviamos por e-mail um link para definir uma nova senha.`,
    lifetime: (duration) => `O link funciona uma única vez e é válido por ${duration}.`,
    detail:
      "Não chegou nada depois de alguns minutos? Veja a pasta de spam e confira se o endereço de e-mail está certo.",
    again: "Usar outro endereço de e-mail",
  },
  code: {
    lead: (email) => `Se houver uma conta para ${email}, enviamos por e-mail um código para definir uma nova senha.`,
    leadWithoutAddress:
      "Se houver uma conta para esse endereço de e-mail, enviamos por e-mail um código para definir uma nova senha.",
    label: "Código do e-mail",
    digits: (count) => `${formatCount(count, { one: "# dígito", other: "# dígitos" }, { tag: "pt-BR" })}.`,
    lifetime: (duration) => `O código é válido por ${duration}.`,
    submit: "Continuar",
    refused: "Este código está errado ou não funciona mais. Confira-o ou peça um novo.",
    orLink: "Não tem um código? Abra o link do e-mail.",
  },
  newPassword: {
    title: "Defina uma nova senha",
    account: "Conta",
    password: "Nova senha",
    confirmation: "Confirme a nova senha",
    minLength: (min) =>
      `Pelo menos ${formatCount(min, { one: "# caractere", other: "# caracteres" }, { tag: "pt-BR" })}.`,
    advice: "Quatro palavras aleatórias funcionam bem. Evite seu nome, seu endereço de e-mail e senhas comuns.",
    mismatch: "As senhas não são iguais. Digite as duas novamente.",
    submit: "Definir a nova senha",
    aftermath: "Sua conta será desconectada em todos os seus dispositivos.",
  },
  invitation: {
    title: "Defina uma senha",
    password: "Senha",
    confirmation: "Confirme a senha",
    submit: "Definir a senha",
  },
  secondFactor: {
    choice: "Como você quer confirmar que é você?",
    methods: {
      totp: "Código do seu aplicativo autenticador",
      recovery_code: "Código de recuperação",
      sms: "Código recebido por SMS",
    },
    response: "Código",
    errors: {
      second_factor_required: "Digite o código que confirma que é você.",
      second_factor_rejected: "Esse código não está certo. Confira-o ou use outro.",
    },
  },
  signedIn: {
    title: "Você já entrou na sua conta",
    lead: "Você abriu um link para definir uma senha. Talvez ele seja de uma conta diferente da que você está usando.",
    signOut: "Sair e definir a senha",
    goOn: "Continuar sem sair",
  },
  home: "Ir para a página inicial",
  later: (when) => `Tente novamente ${when}.`,
  problems: {
    400: { title: "Não funcionou", detail: "Volte e tente novamente." },
    403: {
      title: "Não pudemos aceitar esse formulário",
      detail: "Ele veio de outro site. Abra a página neste site e tente novamente.",
    },
    404: { title: "Página não encontrada", detail: "Confira o endereço da página ou vá para a página inicial." },
    405: { title: "Isso não é possível aqui", detail: "Volte e use o formulário da página." },
    409: { title: "Você já entrou na sua conta", detail: "Para redefinir sua senha, saia da conta primeiro." },
    413: { title: "O texto é longo demais", detail: "Encurte o que você digitou e tente novamente." },
    415: { title: "Não conseguimos ler esses dados", detail: "Volte e use o formulário da página." },
    422: { title: "Escolha outra senha", detail: "Esta não atende aos requisitos." },
    429: { title: "Tentativas demais", detail: "Para proteger as contas, limitamos o número de tentativas." },
    500: { title: "Desculpe, algo deu errado", detail: "O problema é nosso. Tente novamente mais tarde." },
    503: {
      title: "Desculpe, isto não está funcionando agora",
      detail: "O problema é nosso. Tente novamente em alguns minutos.",
    },
  },
  details: {
    invalid_request: "A solicitação está malformada.",
    invalid_json: "O corpo deve ser um único objeto JSON em UTF-8, sem chaves repetidas.",
    invalid_or_expired_token: "O link não é válido ou expirou.",
    cross_site: "A solicitação deve vir deste mesmo site.",
    not_found: "Não há nada nesta URL.",
    method_not_allowed: "Esta URL não aceita o método da solicitação.",
    too_large: "A solicitação é grande demais.",
    unsupported_media_type: "Este Content-Type não é aceito.",
    password_rejected: "A senha não atende aos requisitos.",
    second_factor_required: "A conta tem um segundo fator, e nenhum foi informado.",
    second_factor_rejected: "A resposta ao segundo fator está errada.",
  },
};
