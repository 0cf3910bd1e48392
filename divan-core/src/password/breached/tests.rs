use super::*;
use crate::password::{Blocklist, PasswordPolicy, WeakPassword};

fn password(text: &str) -> Password {
    Password::new(&text.into()).unwrap()
}

fn list(texts: &[&str]) -> BreachedPasswords {
    let mut builder = BreachedPasswords::builder();
    for text in texts {
        builder.add(&password(text)).unwrap();
    }
    builder.build().unwrap()
}

fn file(list: &BreachedPasswords) -> Vec<u8> {
    let mut file = Vec::new();
    list.write(&mut file).unwrap();
    file
}

fn numbered(count: u32) -> BreachedPasswords {
    let mut builder = BreachedPasswords::builder();
    for number in 0..count {
        builder
            .add(&password(&format!("password {number}")))
            .unwrap();
    }
    builder.build().unwrap()
}

#[test]
fn every_password_of_a_list_of_any_size_is_found_after_reading_it() {
    for count in [1, 2, 3, 4, 5, 17, 1_000, 20_000] {
        let read = BreachedPasswords::read(file(&numbered(count)).as_slice()).unwrap();
        assert_eq!(read.count(), u64::from(count));
        for number in 0..count {
            assert!(
                read.has(&password(&format!("password {number}"))),
                "{number} of {count}"
            );
        }
    }
}

#[test]
fn few_other_passwords_are_found() {
    let list = numbered(20_000);
    let others = (0..100_000).filter(|number| list.has(&password(&format!("another {number}"))));
    // One in 65,536 is expected.
    assert!(others.count() < 12);
    assert!(file(&list).len() < 20_000 * 3);
}

#[test]
fn repeated_passwords_count_once_and_an_empty_list_has_none() {
    let list = list(&["tram", "plum", "tram", "tram"]);
    assert_eq!(list.count(), 2);
    assert!(list.has(&password("tram")) && list.has(&password("plum")));

    let empty = BreachedPasswords::builder().build().unwrap();
    let empty = BreachedPasswords::read(file(&empty).as_slice()).unwrap();
    assert_eq!(empty.count(), 0);
    let found = (0..1_000).filter(|number| empty.has(&password(&format!("password {number}"))));
    assert!(found.count() < 3);
}

#[test]
fn a_hash_of_have_i_been_pwned_is_the_password() {
    // SHA-1 of `P@ssw0rd`, as the service publishes it.
    let sha1 = [
        0x21, 0xBD, 0x12, 0xDC, 0x18, 0x3F, 0x74, 0x0E, 0xE7, 0x6F, 0x27, 0xB7, 0x8E, 0xB3, 0x9C,
        0x8A, 0xD9, 0x72, 0xA7, 0x57,
    ];
    let mut builder = BreachedPasswords::builder();
    builder.add_sha1(&sha1).unwrap();
    assert!(builder.build().unwrap().has(&password("P@ssw0rd")));
}

#[test]
fn a_changed_shortened_or_extended_file_is_refused() {
    let good = file(&numbered(100));
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 0x55;
        BreachedPasswords::read(changed.as_slice()).unwrap_err();
        BreachedPasswords::read(&good[..position]).unwrap_err();
    }
    let longer = [good.as_slice(), b"x"].concat();
    BreachedPasswords::read(longer.as_slice()).unwrap_err();
}

#[test]
fn the_error_says_what_is_wrong_with_a_file() {
    let good = file(&numbered(100));
    let with = |position: usize, bytes: &[u8]| {
        let mut changed = good.clone();
        changed[position..position + bytes.len()].copy_from_slice(bytes);
        changed
    };
    let endless = with(28, &u32::MAX.to_le_bytes());
    for (bytes, message) in [
        (Vec::new(), "is not a list of breached passwords"),
        (
            b"password\n123456\n".to_vec(),
            "is not a list of breached passwords",
        ),
        (
            with(8, &2_u32.to_le_bytes()),
            "has format version 2, and this program reads version 1",
        ),
        (good[..good.len() - 33].to_vec(), "is incomplete"),
        (good[..20].to_vec(), "is incomplete"),
        (with(60, b"xx"), "is damaged (its checksum differs)"),
        (endless, "is damaged"),
    ] {
        let error = BreachedPasswords::read(bytes.as_slice()).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
        assert!(error.to_string().contains("`divan-server passwords build`"));
    }
}

#[test]
fn a_consistent_checksum_does_not_admit_positions_outside_the_filter() {
    use sha2::{Digest as _, Sha256};
    let good = file(&numbered(100));
    for (position, number) in [
        (28, 0_u32),
        (28, 3),
        (28, 1 << 31),
        (32, 1),
        (32, u32::MAX),
        (36, 7),
    ] {
        let mut changed = good[..good.len() - 32].to_vec();
        changed[position..position + 4].copy_from_slice(&number.to_le_bytes());
        let checksum: [u8; 32] = Sha256::digest(&changed).into();
        changed.extend(checksum);
        BreachedPasswords::read(changed.as_slice()).unwrap_err();
    }
}

#[test]
fn the_other_rules_come_first() {
    let breached = list(&["qwertyuiop", "tram under the plum", "short"]);
    let blocklist = Blocklist::default().breached(breached);
    let check = |text: &str| PasswordPolicy::SECOND_FACTOR.check(&password(text), &[], &blocklist);
    assert_eq!(check("tram under the plum"), Err(WeakPassword::Breached));
    assert_eq!(check("Tram under the plum"), Ok(()));
    assert_eq!(check("qwertyuiop"), Err(WeakPassword::Common));
    assert_eq!(check("short"), Err(WeakPassword::TooShort { min_chars: 8 }));
}
