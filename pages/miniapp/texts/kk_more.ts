import type { MoreTexts } from "./texts.js";

export const more: MoreTexts = {
  currentPassword: "Қазіргі құпиясөз",
  devicesHint: "Бейтаныс құрылғылардағы сеансты аяқтап, құпиясөзді ауыстырыңыз.",
  thisDevice: "Осы құрылғы",
  unknownDevice: "Белгісіз құрылғы",
  end: "Аяқтау",
  endConfirm: "Осы құрылғыдағы сеансты аяқтау керек пе?",
  noOtherDevices: "Сіз тек осы құрылғыда кірдіңіз.",
  outsideTitle: "Бетті Telegram-да ашыңыз",
  outsideText: "Кіру үшін Telegram аккаунтыңыз қажет. Telegram-да компания ботын ашып, мәзір түймесін басыңыз.",
  openInTelegram: "Telegram-да ашу",
  testSignIn: "Telegram-ның сынақ пайдаланушысы болып кіру",
  testTitle: "Әзірлеу режимі",
  testHint: "Telegram қажет емес: сервер сынақ деректеріне Telegram сияқты қол қояды.",
  testIdHint: "Кез келген бүтін санды енгізіңіз. Әр сан — бөлек Telegram аккаунты.",
  testBanner: "Әзірлеу режимі: сынақ пайдаланушысы {id}",
  testChange: "Ауыстыру",
  testTelegramId: "Telegram id",
  close: "Жабу",
  wrongCurrentPassword: "Қазіргі құпиясөз қате.",
  replaceTitle: "Құпиясөз ойлап табыңыз",
  replaceHint: "Әкімші берген құпиясөз — уақытша. Оны өзіңіздікіне ауыстырыңыз.",
  passwordRule: "Кемінде 8 таңба. Өзара байланыссыз бірнеше сөзді есте сақтау оңай.",
  newPassword: "Жаңа құпиясөз",
  save: "Сақтау",
  weakPassword: "Құпиясөз жеткілікті сенімді емес.",
  members: {
    password_too_short: "Кемінде {min} таңба.",
    password_too_long: "Ең көбі {max} таңба.",
    password_too_common: "Бұл — ең жиі кездесетін құпиясөздердің бірі. Басқасын таңдаңыз.",
    password_breached: "Бұл құпиясөз ұрланғандар тізімінде бар. Басқасын таңдаңыз.",
    password_personal: "Атыңызды, нөміріңізді немесе пошта мекенжайыңызды қолданбаңыз.",
    password_unchanged: "Бұл — қазіргі құпиясөз. Басқасын таңдаңыз.",
  },
  notices: {
    init_data_missing: {
      title: "Мәзір түймесі арқылы ашыңыз",
      text: "Бет пернетақтадағы түймемен ашылса, Telegram кім екеніңізді хабарламайды. Оны жауып, боттағы хабарлама өрісінің сол жағындағы мәзір түймесін басыңыз.",
    },
    init_data_expired: {
      title: "Бет ескірді",
      text: "Бетті жауып, боттан қайта ашыңыз. Көмектеспесе, Telegram-ды қайта іске қосыңыз.",
    },
    init_data_invalid: {
      title: "Telegram деректері қабылданбады",
      text: "Бетті компанияңыздың ботынан ашыңыз. Көмектеспесе, әкімшіге хабарлаңыз.",
    },
    telegram_account_mismatch: {
      title: "Басқа Telegram аккаунты",
      text: "Нөмір мен құпиясөз дұрыс, бірақ олар басқа Telegram аккаунтымен байланысты. Әкімшіден оны ажыратуды сұраңыз.",
    },
    telegram_account_taken: {
      title: "Telegram аккаунты бос емес",
      text: "Нөмір мен құпиясөз дұрыс, бірақ бұл Telegram аккаунты басқа қызметкермен байланысты. Әкімшіден оны ажыратуды сұраңыз.",
    },
    password_expired: {
      title: "Құпиясөздің мерзімі өтті",
      text: "Әкімші берген құпиясөз 72 сағат жарамды. Әкімшіден жаңасын сұраңыз.",
    },
    telegram_not_configured: {
      title: "Кіру әлі бапталмаған",
      text: "Серверге Telegram боты қосылмаған. Әкімшіге хабарлаңыз.",
    },
  },
};
