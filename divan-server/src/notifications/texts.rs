//! Texts of messages. They contain no secret, no name and no contact: chats are shown on lock screens.

use divan_core::service::{MessageKind, OutgoingMessage};
use time::OffsetDateTime;

use super::Language;

/// Returns the text of a message, without formatting.
pub(super) fn text(language: Language, message: &OutgoingMessage) -> String {
    let event = event(language, message.kind);
    let system = message.system.as_deref();
    let system = system.map(|system| format!(" ({system})"));
    let event = event.replace("{system}", system.as_deref().unwrap_or_default());
    let (time, advice) = (time(message.created_at), advice(language));
    format!("{event}\n{time}\n\n{advice}")
}

/// Returns the text of the button.
pub(super) fn button(language: Language) -> &'static str {
    match language {
        Language::English => "It was not me",
        Language::Russian => "Это не я",
        Language::Kazakh => "Бұл мен емес",
    }
}

fn advice(language: Language) -> &'static str {
    match language {
        Language::English => {
            "If it was not you, end the sessions that you do not know and tell your administrator."
        }
        Language::Russian => {
            "Если это были не вы, завершите незнакомые сеансы и сообщите администратору."
        }
        Language::Kazakh => {
            "Егер бұл сіз болмасаңыз, бейтаныс сеанстарды аяқтап, әкімшіге хабарлаңыз."
        }
    }
}

/// Returns the sentence about the change. `{system}` is the operating system in parentheses.
pub(super) fn event(language: Language, kind: MessageKind) -> &'static str {
    match language {
        Language::English => english(kind),
        Language::Russian => russian(kind),
        Language::Kazakh => kazakh(kind),
    }
}

fn english(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::TelegramLinked => "This Telegram account was linked to your account.",
        MessageKind::NewDevice => "You signed in on a new device{system}.",
        MessageKind::PasswordReset => {
            "An administrator reset your password. You were signed out everywhere."
        }
        MessageKind::SecondFactorEnabled => "An authenticator app was set up for your account.",
        MessageKind::SecondFactorDisabled => "The authenticator app of your account was removed.",
        MessageKind::SecondFactorReset => {
            "An administrator reset the second factor of your account."
        }
        MessageKind::PasskeyAdded => "A passkey was added to your account.",
        MessageKind::PasskeyRemoved => "A passkey of your account was removed.",
        MessageKind::RecoveryCodesReplaced => "Your recovery codes were replaced.",
        MessageKind::RecoveryCodeUsed => "A recovery code of your account was used.",
        MessageKind::SessionStolen => {
            "A session of your account was ended, because two devices used it. One of them may belong to a stranger."
        }
        _ => "Your account was changed.",
    }
}

fn russian(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::TelegramLinked => "Этот аккаунт Telegram привязан к вашей учётной записи.",
        MessageKind::NewDevice => "Вход в вашу учётную запись с нового устройства{system}.",
        MessageKind::PasswordReset => {
            "Администратор сбросил ваш пароль. На всех устройствах выполнен выход."
        }
        MessageKind::SecondFactorEnabled => {
            "Для вашей учётной записи настроено приложение с одноразовыми кодами."
        }
        MessageKind::SecondFactorDisabled => {
            "Приложение с одноразовыми кодами отключено от вашей учётной записи."
        }
        MessageKind::SecondFactorReset => {
            "Администратор сбросил второй фактор вашей учётной записи."
        }
        MessageKind::PasskeyAdded => "К вашей учётной записи добавлен ключ доступа.",
        MessageKind::PasskeyRemoved => "Ключ доступа вашей учётной записи удалён.",
        MessageKind::RecoveryCodesReplaced => "Ваши коды восстановления заменены.",
        MessageKind::RecoveryCodeUsed => "Использован код восстановления вашей учётной записи.",
        MessageKind::SessionStolen => {
            "Сеанс вашей учётной записи завершён: его использовали два устройства. Одно из них может быть чужим."
        }
        _ => "Ваша учётная запись изменена.",
    }
}

fn kazakh(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::TelegramLinked => {
            "Осы Telegram аккаунты сіздің тіркелгіңізге байланыстырылды."
        }
        MessageKind::NewDevice => "Тіркелгіңізге жаңа құрылғыдан кірілді{system}.",
        MessageKind::PasswordReset => {
            "Әкімші құпиясөзіңізді алмастырды. Барлық құрылғыдан шығу орындалды."
        }
        MessageKind::SecondFactorEnabled => "Тіркелгіңізге бір реттік кодтар қолданбасы қосылды.",
        MessageKind::SecondFactorDisabled => {
            "Тіркелгіңізден бір реттік кодтар қолданбасы өшірілді."
        }
        MessageKind::SecondFactorReset => "Әкімші тіркелгіңіздің екінші факторын алып тастады.",
        MessageKind::PasskeyAdded => "Тіркелгіңізге кіру кілті қосылды.",
        MessageKind::PasskeyRemoved => "Тіркелгіңіздің кіру кілті жойылды.",
        MessageKind::RecoveryCodesReplaced => "Қалпына келтіру кодтарыңыз ауыстырылды.",
        MessageKind::RecoveryCodeUsed => "Тіркелгіңіздің қалпына келтіру коды пайдаланылды.",
        MessageKind::SessionStolen => {
            "Тіркелгіңіздің сеансы аяқталды: оны екі құрылғы пайдаланды. Біреуі бөтен адамдікі болуы мүмкін."
        }
        _ => "Тіркелгіңіз өзгертілді.",
    }
}

/// Returns a time as `31.12.2026, 23:59 UTC`.
fn time(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute) = (at.hour(), at.minute());
    format!(
        "{day:02}.{:02}.{year}, {hour:02}:{minute:02} UTC",
        u8::from(month)
    )
}
