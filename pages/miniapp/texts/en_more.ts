import type { MoreTexts } from "./texts.js";

export const more: MoreTexts = {
  currentPassword: "Current password",
  devicesHint: "Sign out the devices that you do not know, and change your password.",
  thisDevice: "This device",
  unknownDevice: "Unknown device",
  end: "Sign out",
  endConfirm: "Sign out this device?",
  noOtherDevices: "You are signed in on this device only.",
  outsideTitle: "Open this page in Telegram",
  outsideText: "Sign-in uses your Telegram account. Open your company's bot in Telegram and press the menu button.",
  openInTelegram: "Open in Telegram",
  testSignIn: "Sign in as a test Telegram user",
  testTitle: "Development mode",
  testHint: "Telegram is not needed: the server signs test data as Telegram would.",
  testIdHint: "Enter any whole number. Each number is a different Telegram account.",
  testBanner: "Development mode: test user {id}",
  testChange: "Change",
  testTelegramId: "Telegram id",
  close: "Close",
  wrongCurrentPassword: "The current password is wrong.",
  replaceTitle: "Choose your password",
  replaceHint: "The password from your administrator is temporary. Replace it with your own.",
  passwordRule: "At least 8 characters. A few unrelated words are easy to remember.",
  newPassword: "New password",
  save: "Save",
  weakPassword: "This password is not strong enough.",
  members: {
    password_too_short: "At least {min} characters.",
    password_too_long: "At most {max} characters.",
    password_too_common: "This password is one of the most common ones. Choose another.",
    password_breached: "This password is in a list of stolen passwords. Choose another.",
    password_personal: "Do not use your name, phone number or e-mail address.",
    password_unchanged: "This is your current password. Choose another.",
  },
  notices: {
    init_data_missing: {
      title: "Open it from the menu button",
      text: "Telegram does not say who you are when the page is opened from a keyboard button. Close it, and press the menu button at the left of the message field of the bot.",
    },
    init_data_expired: {
      title: "This page is out of date",
      text: "Close the page and open it again from the bot. If that does not help, restart Telegram.",
    },
    init_data_invalid: {
      title: "Telegram data not accepted",
      text: "Open this page from your company's bot. If that does not help, tell your administrator.",
    },
    telegram_account_mismatch: {
      title: "Another Telegram account",
      text: "The phone number and the password are right, but they belong to another Telegram account. Ask your administrator to unlink it.",
    },
    telegram_account_taken: {
      title: "Telegram account already in use",
      text: "The phone number and the password are right, but another employee is linked to this Telegram account. Ask your administrator to unlink it.",
    },
    password_expired: {
      title: "The password has expired",
      text: "A password from an administrator is valid for 72 hours. Ask your administrator for a new one.",
    },
    telegram_not_configured: {
      title: "Sign-in is not set up yet",
      text: "The server has no Telegram bot. Tell your administrator.",
    },
  },
};
