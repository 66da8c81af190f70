import type { Language } from "../language.ts";

/** Turkish, with `siz`. No suffix ever follows a name. */
export const turkish: Language = {
  tag: "tr",
  greeting: (name) => (name ? `Merhaba ${name},` : "Merhaba,"),
  resetLink: {
    subject: (appName) => `${appName} parolanızı sıfırlayın`,
    intro: (appName) => `Biri, büyük olasılıkla siz, ${appName} hesabınızın parolasını sıfırlamak istedi. Yeni bir parola belirlemek için bu bağlantıyı açın:`,
    action: "Yeni parola belirle",
    plainLink: "Düğme çalışmıyorsa bu adresi kopyalayıp tarayıcınıza yapıştırın:",
    lifetime: (duration) => `Bağlantı yalnızca bir kez kullanılabilir ve ${duration} boyunca geçerlidir.`,
    notYou: "Bu isteği siz yapmadıysanız hiçbir şey yapmanız gerekmez: Parolanız olduğu gibi kalır. Bu bağlantıyı kimseyle paylaşmayın.",
  },
  resetCode: {
    intro: (appName) => `Biri, büyük olasılıkla siz, ${appName} hesabınızın parolasını sıfırlamak istedi. Yeni bir parola belirlemek için bu kodu, istekte bulunduğunuz sayfaya girin:`,
    lifetime: (duration) => `Kod ${duration} boyunca geçerlidir ve yalnızca istekte bulunduğunuz cihazda kullanılabilir.`,
    secrecy: (appName) => `Bu kodu kimseyle paylaşmayın. ${appName} ekibinden hiç kimse sizden bu kodu istemez.`,
    orLink: "Bunun yerine bu bağlantıyı dilediğiniz cihazda açabilirsiniz:",
    notYou: "Bu isteği siz yapmadıysanız hiçbir şey yapmanız gerekmez: Parolanız olduğu gibi kalır. Bağlantıyı da kimseyle paylaşmayın.",
  },
  invitation: {
    subject: (appName) => `${appName} hesabınız için parola belirleyin`,
    intro: (appName) => `${appName} hesabınızın henüz bir parolası yok. Parola belirlemek için bu bağlantıyı açın:`,
    action: "Parola belirle",
    plainLink: "Düğme çalışmıyorsa bu bağlantıyı kopyalayıp tarayıcınıza yapıştırın:",
    lifetime: (duration) => `Bağlantı yalnızca bir kez kullanılabilir ve ${duration} boyunca geçerlidir.`,
    notYou: "Bu e-postayı beklemiyorsanız yok sayabilirsiniz: Hiçbir şey değişmez. Bu bağlantıyı kimseyle paylaşmayın.",
  },
  passwordChanged: {
    subject: (appName) => `${appName} parolanız değiştirildi`,
    intro: (appName, when, address) => `${appName} hesabınızın parolası değiştirildi. Tarih ve saat: ${when}.${address ? ` IP adresi: ${address}.` : ""}`,
    signedOut: "Bunu siz yaptıysanız başka bir şey yapmanız gerekmez. Yeni parolanızla yeniden oturum açın.",
    notYou: "Bunu siz yapmadıysanız büyük olasılıkla bir başkası e-postalarınızı okuyabiliyor. Önce e-posta hesabınızı güvence altına alın, ardından hemen bizimle iletişime geçin.",
  },
  noAccount: {
    subject: (appName) => `Bu adresle kayıtlı bir ${appName} hesabı yok`,
    intro: (appName) => `Biri, belki siz, bu e-posta adresiyle bir ${appName} hesabının parolasını sıfırlamak istedi. Bu adresle kayıtlı bir hesap yok, dolayısıyla sıfırlanacak bir parola da yok.`,
    otherAddress: "Bu isteği siz yaptıysanız hesabınız başka bir e-posta adresiyle kayıtlı olabilir. O adresle yeniden deneyin.",
    notYou: "Bu isteği siz yapmadıysanız hiçbir şey yapmanız gerekmez.",
  },
  noPassword: {
    subject: (appName) => `${appName} hesabınızda oturum açma`,
    intro: (appName) => `Biri, büyük olasılıkla siz, ${appName} hesabınızın parolasını sıfırlamak istedi. Bu hesabın parolası yok, dolayısıyla sıfırlanacak bir şey de yok.`,
    signInWith: (way) => `Bu hesapta oturum açma yöntemi: ${way}.`,
    signIn: "Her zamanki gibi, örneğin başka bir hizmetteki hesabınızla ya da kurumunuz üzerinden oturum açın.",
    notYou: "Bu isteği siz yapmadıysanız hiçbir şey yapmanız gerekmez: Hiçbir şey değişmedi.",
  },
  requested: (when, address) => `İstek tarihi ve saati: ${when}.${address ? ` IP adresi: ${address}.` : ""}`,
  contact: "Bize bu adresten ulaşabilirsiniz:",
  violations: {
    required: () => "Bir parola girin.",
    invalid_characters: () => "Bu parola kaydedilemeyen karakterler içeriyor. Başka bir parola seçin.",
    too_short: ({ min }) => `En az ${min} karakter kullanın.`,
    too_long: ({ max }) => `En fazla ${max} karakter kullanın.`,
    too_long_in_bytes: ({ maxBytes }) => `Bu parola çok uzun: En fazla ${maxBytes} bayt kullanın (ç, ğ, ş gibi harfler iki, emojiler dört veya daha fazla bayt yer kaplar).`,
    common: () => "Bu, en yaygın parolalardan biri. Tahmin edilmesi daha zor bir parola seçin.",
    personal: () => "Bu parola adınıza, adresinize veya bu hizmetin adına çok benziyor. Başka bir parola seçin.",
    breached: () => "Bu parola bir veri sızıntısında yer almış. Başka bir parola seçin.",
    breach_check_unavailable: () => "Bu parola şu anda denetlenemedi. Kısa bir süre sonra yeniden deneyin.",
    unacceptable: () => "Bu parola kullanılamaz. Başka bir parola seçin.",
  },
};
