//! Names of columns.

use super::columns::Column;

/// The names of columns, as [`folded`] returns them: Divan's, those of other systems, and those of
/// lists in Russian and Kazakh.
pub(super) const NAMES: [(Column, &[&str]); 9] = [
    (
        Column::Phone,
        &[
            "phone",
            "phone number",
            "telegram phone",
            "mobile",
            "mobile phone",
            "tel",
            "telephone",
            "телефон",
            "тел",
            "номер телефона",
            "мобильный",
            "мобильный телефон",
            "моб телефон",
            "сотовый",
            "сотовый телефон",
            "контактный телефон",
            "телефон номері",
            "телефон нөмірі",
            "ұялы телефон",
            "ұялы телефон нөмірі",
        ],
    ),
    (
        Column::Email,
        &[
            "email",
            "e mail",
            "mail",
            "email address",
            "e mail address",
            "почта",
            "эл почта",
            "электронная почта",
            "адрес электронной почты",
            "пошта",
            "эл пошта",
            "электронды пошта",
            "электрондық пошта",
            "электрондық пошта мекенжайы",
        ],
    ),
    (
        Column::Name,
        &[
            "name",
            "full name",
            "fullname",
            "фио",
            "ф и о",
            "имя",
            "имя и фамилия",
            "полное имя",
            "фамилия имя отчество",
            "фамилия и имя",
            "сотрудник",
            "аты жөні",
            "толық аты жөні",
            "тегі аты әкесінің аты",
            "т а ә",
            "таә",
            "қызметкер",
        ],
    ),
    (Column::Role, &["role", "роль", "рөл", "рөлі"]),
    (Column::IsAdmin, &["is admin", "администратор", "әкімші"]),
    (
        Column::Active,
        &[
            "active",
            "is active",
            "enabled",
            "активен",
            "активный",
            "активна",
            "действует",
            "белсенді",
        ],
    ),
    (
        Column::Hash,
        &[
            "hash",
            "password hash",
            "hashed password",
            "хеш",
            "хеш пароля",
        ],
    ),
    (
        Column::TelegramId,
        &[
            "telegram id",
            "telegram user id",
            "tg id",
            "id telegram",
            "телеграм id",
            "id телеграм",
        ],
    ),
    (
        Column::ExternalId,
        &[
            "external id",
            "employee id",
            "personnel number",
            "табельный номер",
            "таб номер",
            "табель номері",
            "табель нөмірі",
        ],
    ),
];

/// Folds the ways to write a name: case, separators, `ё`, and the Latin `i` that is typed for `і`.
pub(super) fn folded(name: &str) -> String {
    let name = name.to_lowercase();
    let letters = name.chars().map(|c| match c {
        'ё' => 'е',
        'і' => 'i',
        c if c.is_alphanumeric() => c,
        _ => ' ',
    });
    let letters: String = letters.collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_belongs_to_one_column() {
        let mut names: Vec<String> = NAMES
            .iter()
            .flat_map(|(_, names)| names.iter().map(|name| folded(name)))
            .collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
