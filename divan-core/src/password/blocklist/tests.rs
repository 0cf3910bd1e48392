use super::*;
use crate::password::{Password, PasswordPolicy, WeakPassword};

fn check(policy: PasswordPolicy, text: &str) -> Result<(), WeakPassword> {
    let blocklist = Blocklist::default().words(["Sary-Arka", "ТОО «Көктем»", "ab"]);
    policy.check(&Password::new(&text.into()).unwrap(), &[], &blocklist)
}

fn assert_all_common<'a>(policy: PasswordPolicy, weak: impl IntoIterator<Item = &'a str>) {
    let is_accepted = |text: &&str| check(policy, text) != Err(WeakPassword::Common);
    let accepted: Vec<_> = weak.into_iter().filter(is_accepted).collect();
    assert!(accepted.is_empty(), "{accepted:?}");
}

#[test]
fn lists_have_only_normalized_entries() {
    let lists = [
        (include_str!("../common_passwords.txt"), 8),
        (include_str!("weak_words.txt"), MIN_WORD_CHARS),
    ];
    for (list, min_chars) in lists {
        let mut sorted: Vec<&str> = list.lines().collect();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), list.lines().count(), "entries are unique");
        for entry in list.lines() {
            let is_quoted = entry.starts_with('"') || entry.ends_with('"');
            assert!(!is_quoted && entry == entry.trim(), "{entry}");
            assert!(entry.chars().count() >= min_chars, "{entry}");
            assert_eq!(entry, entry.to_lowercase(), "lower case");
        }
    }
    for entry in COMMON.iter() {
        assert_eq!(*entry, normalize(entry), "the look-up normalizes");
    }
    for word in WEAK_WORDS.iter() {
        assert!(word.chars().all(char::is_alphanumeric), "{word}");
    }
}

#[test]
fn weak_passwords_of_employees_are_rejected() {
    let weak = "пароль123 parol123 gfhjkm123 kazakhstan astana2024 Алматы2025 telegram1 Telegram!1 йцукенгшщз qwertyuiop[] \
        1234567890qwerty qwerty123456 Qwerty123!@# qazwsxedc 1q2w3e4r 1q2w3e4r5t q1w2e3r4 1qaz2wsx3edc zaq12wsx P@ssw0rd2026 \
        p4$$w0rd! пар0ль77 Пароль2026! drowssap1 nimda2024 ьлорап12 ЙЦУКЕН123 фывапролдж ячсмитьбю asdfghjkl; zima2025! Лето2026 \
        ktnj2026 осень-2025 декабрь25 January2026 spartak1922 Спартак2026 kairat1954 Кайрат-1954 astana98 barselona1 qazaqstan1 \
        Қазақстан Казакстан1 құпиясөз1 kupiyasoz1 Aigerim1999 айгерим99 nurlan777 Serik2000 Nastya2008 Наташа1985 sashasasha \
        masha-masha 12345678a 87654321q 19900512 12051990 11112222 00000000 aaaabbbb xk7xk7xk7 iloveyou2 ЯтебяЛюблю Admin123! \
        админ2026 divan2026 ДИВАН2026 sary-arka1 saryarka7 Коктем-2026 Көктем2026 koktem2026 ｐａｓｓｗｏｒｄ１ раssword1 abcd1234 \
        zxcvbnm123 qwe123qwe asd123asd 1a2b3c4d monkey2026 football1! dragon99 sunshine1 welcome2026 changeme!1";
    assert_all_common(PasswordPolicy::SECOND_FACTOR, weak.split_whitespace());
}

#[test]
fn weak_passwords_of_administrators_are_rejected() {
    let weak = [
        "administrator2026",
        "Administrator-2026!",
        "passwordpassword1",
        "1234567890qwerty",
        "qwertyuiopasdfgh",
        "йцукенгшщзхъфыва",
        "telegramtelegram2026",
        "Пароль-Пароль-2026",
        "adminadminadmin1",
        "astana2024astana2024",
        "sary-arka-admin-2026",
        "kazakhstan-astana-1",
        "1q2w3e4r5t6y7u8i9o",
        "qazwsxedcrfvtgb1",
        "super-admin-12345",
        "abcabcabcabcabc",
        "zyxwvutsrqponmlk",
    ];
    assert_all_common(PasswordPolicy::SINGLE_FACTOR, weak);
}

#[test]
fn good_passwords_are_accepted() {
    let long = [
        "tram under the plum",
        "plum over the tram",
        "plum 4 the tram",
        "a lamp across the river",
        "correct horse battery staple",
        "purple kettle sings at noon",
        "seven grey pigeons argue",
        "the admin has a tram",
        "my telegram is full of cats",
        "summer rain on a tin roof",
        "winter is for reading books",
        "лошадь скрепка батарея",
        "ночь улица фонарь аптека",
        "мама варит суп из тыквы",
        "у сосны нет расписания",
        "жёлтый трамвай едет в лес",
        "пять котов и один веник",
        "в астане ветрено с утра",
        "коробка полная стрекоз",
        "қара бұлт көлге түседі",
        "ескі кеме теңізде қалды",
        "таудағы үйде шам жанып тұр",
        "7k3m-x2q9-ab4t-p8dh",
        "0h8z-9vkw-2rte-n6cy",
        "4d1q-gs7b-xm30-ja5f",
        "b6wn-e82k-3ymt-zr9v",
        "Xv9#kLq2!mZr7@Tp",
        "gT5$wP8&nJ2^cR6*",
        "hunter gathers nine berries",
        "staple-gun-orchid-meadow",
        "velvet cactus mailbox 9",
        "clumsy walrus juggling soup",
    ];
    let short = [
        "umbrella 77",
        "umbrella 78",
        "необычно",
        "дождевик4",
        "trombone-x",
        "kettle drum",
        "vq7mzk2p",
        "73918264",
        "гномик и мох",
        "снегирь_поёт",
        "лампа-тыква",
        "брусника88",
        "wobbly-fern",
        "marzipan3",
        "щебень и йод",
        "тюбетейка",
        "қарлығаш ұясы",
        "шегіртке 5",
        "zeppelin-oak",
        "Lx4-vR9t",
        "mYq8$tZe",
    ];
    assert!(long.len() + short.len() >= 50);
    for text in long {
        assert_eq!(check(PasswordPolicy::SINGLE_FACTOR, text), Ok(()), "{text}");
    }
    for text in long.into_iter().chain(short) {
        assert_eq!(check(PasswordPolicy::SECOND_FACTOR, text), Ok(()), "{text}");
    }
}
