import type { MoreTexts } from "./texts.js";

export const more: MoreTexts = {
  currentPassword: "Текущий пароль",
  devicesHint: "Завершите сеансы на незнакомых устройствах и смените пароль.",
  thisDevice: "Это устройство",
  unknownDevice: "Неизвестное устройство",
  end: "Завершить",
  endConfirm: "Завершить сеанс на этом устройстве?",
  noOtherDevices: "Вы вошли только на этом устройстве.",
  outsideTitle: "Откройте страницу в Telegram",
  outsideText: "Для входа нужен ваш аккаунт Telegram. Откройте бота компании в Telegram и нажмите кнопку меню.",
  openInTelegram: "Открыть в Telegram",
  testSignIn: "Войти как тестовый пользователь Telegram",
  testTitle: "Режим разработки",
  testHint: "Telegram не нужен: сервер подписывает тестовые данные так же, как Telegram.",
  testIdHint: "Введите любое целое число. Каждое число — отдельный аккаунт Telegram.",
  testBanner: "Режим разработки: тестовый пользователь {id}",
  testChange: "Сменить",
  testTelegramId: "Telegram id",
  close: "Закрыть",
  wrongCurrentPassword: "Текущий пароль неверный.",
  replaceTitle: "Придумайте пароль",
  replaceHint: "Пароль от администратора — временный. Замените его своим.",
  passwordRule: "Не короче 8 символов. Легко запомнить несколько не связанных слов.",
  newPassword: "Новый пароль",
  save: "Сохранить",
  weakPassword: "Пароль недостаточно надёжный.",
  members: {
    password_too_short: "Минимум символов: {min}.",
    password_too_long: "Максимум символов: {max}.",
    password_too_common: "Это один из самых частых паролей. Придумайте другой.",
    password_breached: "Этот пароль есть в списке украденных. Придумайте другой.",
    password_personal: "Не используйте своё имя, номер или адрес почты.",
    password_unchanged: "Это текущий пароль. Придумайте другой.",
  },
  notices: {
    init_data_missing: {
      title: "Откройте через кнопку меню",
      text: "Если открыть страницу кнопкой на клавиатуре, Telegram не сообщает, кто вы. Закройте её и нажмите кнопку меню слева от поля сообщения в боте.",
    },
    init_data_expired: {
      title: "Страница устарела",
      text: "Закройте страницу и откройте её снова из бота. Если не поможет, перезапустите Telegram.",
    },
    init_data_invalid: {
      title: "Данные Telegram не приняты",
      text: "Откройте страницу из бота вашей компании. Если не поможет, сообщите администратору.",
    },
    telegram_account_mismatch: {
      title: "Другой аккаунт Telegram",
      text: "Номер и пароль верны, но они связаны с другим аккаунтом Telegram. Попросите администратора отвязать его.",
    },
    telegram_account_taken: {
      title: "Аккаунт Telegram уже привязан",
      text: "Номер и пароль верны, но этот аккаунт Telegram привязан к другому сотруднику. Попросите администратора отвязать его.",
    },
    password_expired: {
      title: "Срок пароля истёк",
      text: "Пароль от администратора действует 72 часа. Попросите у администратора новый.",
    },
    telegram_not_configured: {
      title: "Вход ещё не настроен",
      text: "К серверу не подключён бот Telegram. Сообщите администратору.",
    },
  },
};
