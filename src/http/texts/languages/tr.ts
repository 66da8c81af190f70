import type { Texts } from "../texts.ts";

/** Turkish, with `siz`. No suffix ever follows a name. */
export const turkish: Texts = {
  errorTitle: (title) => `Hata: ${title}`,
  email: "E-posta adresi",
  back: "Oturum açma sayfasına dön",
  request: {
    title: "Parolanızı sıfırlayın",
    lead: "Oturum açarken kullandığınız e-posta adresini girin. Yeni bir parola belirlemeniz için size bir bağlantı göndereceğiz.",
    submit: "Bana bağlantı gönder",
    leadForCode:
      "Oturum açarken kullandığınız e-posta adresini girin. Yeni bir parola belirlemeniz için size bir kod göndereceğiz.",
    submitForCode: "Bana kod gönder",
    notices: {
      malformed_link: {
        title: "Bu bağlantı eksik",
        detail: "E-postamızdaki bağlantının tamamını kopyalayın ya da buradan yeni bir bağlantı isteyin.",
      },
      invalid_or_expired_token: {
        title: "Bu bağlantı artık çalışmıyor",
        detail:
          "Bağlantılar yalnızca bir kez kullanılabilir ve bir süre sonra geçerliliğini yitirir. Yeni bir bağlantı almak için e-posta adresinizi girin.",
      },
      open_link_again: {
        title: "Bağlantıyı yeniden açın",
        detail: "E-postamıza dönüp bağlantıyı yeniden açın ya da buradan yeni bir bağlantı isteyin.",
      },
      cookies_needed: {
        title: "Tarayıcınız çerezleri engelliyor",
        detail: "Bu site için çerezlere izin verin, ardından e-postamıza dönüp bağlantıyı yeniden açın.",
      },
    },
    errors: {
      invalid_email: "Doğru biçimde bir e-posta adresi girin, örneğin ad@example.com.",
      unknown_email:
        "Bu e-posta adresiyle kayıtlı bir hesap bulamadık. Adresi kontrol edin ya da başka bir adres deneyin.",
    },
  },
  sent: {
    title: "E-postanızı kontrol edin",
    lead: (email) =>
      `${email} adresiyle kayıtlı bir hesap varsa yeni parola belirlemeniz için bu adrese bir bağlantı gönderdik.`,
    lifetime: (duration) => `Bağlantı yalnızca bir kez kullanılabilir ve ${duration} boyunca geçerlidir.`,
    detail:
      "Birkaç dakika geçti ve hâlâ bir şey gelmedi mi? Spam klasörünüze bakın ve e-posta adresinin doğru olduğundan emin olun.",
    again: "Başka bir e-posta adresi kullan",
  },
  code: {
    lead: (email) =>
      `${email} adresiyle kayıtlı bir hesap varsa yeni parola belirlemeniz için bu adrese bir kod gönderdik.`,
    leadWithoutAddress:
      "Bu e-posta adresiyle kayıtlı bir hesap varsa yeni parola belirlemeniz için bu adrese bir kod gönderdik.",
    label: "E-postadaki kod",
    digits: (count) => `${count} rakam.`,
    lifetime: (duration) => `Kod ${duration} boyunca geçerlidir.`,
    submit: "Devam et",
    refused: "Bu kod yanlış ya da artık geçerli değil. Kodu kontrol edin ya da yeni bir kod isteyin.",
    orLink: "Kodunuz yok mu? Bunun yerine e-postadaki bağlantıyı açın.",
  },
  newPassword: {
    title: "Yeni bir parola belirleyin",
    account: "Hesap",
    password: "Yeni parola",
    confirmation: "Yeni parolayı onaylayın",
    minLength: (min) => `En az ${min} karakter.`,
    advice: "Rastgele dört sözcük iyi bir paroladır. Adınızı, e-posta adresinizi ve yaygın parolaları kullanmayın.",
    mismatch: "Parolalar eşleşmiyor. İkisini de yeniden girin.",
    submit: "Yeni parolayı belirle",
    aftermath: "Tüm cihazlarınızda oturumunuz kapatılacak.",
  },
  invitation: {
    title: "Bir parola belirleyin",
    password: "Parola",
    confirmation: "Parolayı onaylayın",
    submit: "Parolayı belirle",
  },
  secondFactor: {
    choice: "Kimliğinizi nasıl doğrulamak istersiniz?",
    methods: {
      totp: "Kimlik doğrulama uygulamanızdaki kod",
      recovery_code: "Kurtarma kodu",
      sms: "SMS ile gelen kod",
    },
    response: "Kod",
    errors: {
      second_factor_required: "Kimliğinizi doğrulayan kodu girin.",
      second_factor_rejected: "Bu kod doğru değil. Kodu kontrol edin ya da başka bir kod kullanın.",
    },
  },
  signedIn: {
    title: "Oturumunuz zaten açık",
    lead: "Parola belirlemek için bir bağlantı açtınız. Bu bağlantı, şu anda kullandığınız hesaptan farklı bir hesaba ait olabilir.",
    signOut: "Oturumu kapat ve parolayı belirle",
    goOn: "Oturumu kapatmadan devam et",
  },
  home: "Ana sayfaya git",
  later: (when) => `${when} yeniden deneyin.`,
  problems: {
    400: { title: "Bu işe yaramadı", detail: "Geri dönüp yeniden deneyin." },
    403: {
      title: "Bu formu kabul edemedik",
      detail: "Form başka bir siteden geldi. Sayfayı bu sitede açıp yeniden deneyin.",
    },
    404: { title: "Sayfa bulunamadı", detail: "Web adresini kontrol edin ya da ana sayfaya gidin." },
    405: { title: "Bu işlem burada yapılamaz", detail: "Geri dönüp sayfadaki formu kullanın." },
    409: { title: "Oturumunuz zaten açık", detail: "Parolanızı sıfırlamak için önce oturumu kapatın." },
    413: { title: "Bu çok uzun", detail: "Yazdıklarınızı kısaltıp yeniden deneyin." },
    415: { title: "Gönderilen verileri okuyamıyoruz", detail: "Geri dönüp sayfadaki formu kullanın." },
    422: { title: "Başka bir parola seçin", detail: "Bu parola koşulları karşılamıyor." },
    429: { title: "Çok fazla deneme yapıldı", detail: "Hesapları korumak için deneme sayısını sınırlıyoruz." },
    500: {
      title: "Üzgünüz, bir şeyler ters gitti",
      detail: "Sorun bizden kaynaklanıyor. Daha sonra yeniden deneyin.",
    },
    503: {
      title: "Üzgünüz, bu şu anda çalışmıyor",
      detail: "Sorun bizden kaynaklanıyor. Birkaç dakika sonra yeniden deneyin.",
    },
  },
  details: {
    invalid_request: "İstek hatalı biçimlendirilmiş.",
    invalid_json: "Gövde, yinelenen anahtarı olmayan, UTF-8 olarak kodlanmış tek bir JSON nesnesi olmalıdır.",
    invalid_or_expired_token: "Bağlantı geçersiz ya da süresi dolmuş.",
    cross_site: "İstek bu siteden gelmelidir.",
    not_found: "Bu URL’de bir şey yok.",
    method_not_allowed: "Bu URL, istek yöntemini desteklemiyor.",
    too_large: "İstek çok büyük.",
    unsupported_media_type: "Bu Content-Type desteklenmiyor.",
    password_rejected: "Parola koşulları karşılamıyor.",
    second_factor_required: "Hesapta ikinci bir doğrulama adımı var, ancak yanıt verilmedi.",
    second_factor_rejected: "İkinci doğrulama adımına verilen yanıt yanlış.",
  },
};
