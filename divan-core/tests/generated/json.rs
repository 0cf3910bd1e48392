//! Generated JSON objects, most of them valid.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const USER: [&str; 2] = [r#""id":42"#, r#""first_name":"First""#];
const CHAT: [&str; 3] = [
    r#""id":-1001"#,
    r#""type":"supergroup""#,
    r#""title":"Title""#,
];
const CONTACT: [&str; 3] = [
    r#""user_id":42"#,
    r#""phone_number":"77011234567""#,
    r#""first_name":"First""#,
];

/// Valid members with distinct names.
const GOOD: [&str; 14] = [
    r#""last_name":"L\u00e4st""#,
    r#""username":null"#,
    r#""language_code":"\u0072u""#,
    r#""is_premium":true"#,
    r#""is_bot":null"#,
    r#""allows_write_to_pm":false"#,
    r#""added_to_attachment_menu":true"#,
    r#""photo_url":"https:\/\/t.me\/i\/userpic\/320\/first.svg""#,
    r#""":"""#,
    r#""a":[{"b":1},{"b":[]},null,"\ud83d\ude00"]"#,
    r#""n":[0,-0,-1.5e+3,1E999,123456789012345678901234567890]"#,
    r#""bell":"\u0000\u001f\u007f\b\f\n\r\t\"\\""#,
    r#""first_name ":1"#,
    r#""ID":"42""#,
];

/// Invalid, repeated or unusual members.
const BAD: [&str; 34] = [
    r#""id":42"#,
    r#""\u0069d":43"#,
    r#""id":"42""#,
    r#""id":42.0"#,
    r#""id":4e1"#,
    r#""id":-0"#,
    r#""id":042"#,
    r#""id":+42"#,
    r#""id":9223372036854775807"#,
    r#""id":9223372036854775808"#,
    r#""id":null"#,
    r#""user_id":-9223372036854775808"#,
    r#""first_name":null"#,
    r#""first_name":["First"]"#,
    r#""last_name":1"#,
    r#""is_premium":"true""#,
    r#""is_bot":1"#,
    r#""phone_number":"+77011234567""#,
    r#""phone_number":77011234567"#,
    r#""a":{"b":1,"b":1}"#,
    r#""a":[{"b":{"c":1,"\u0063":1}}]"#,
    r#""a":{"b":1},"a":{"b":1}"#,
    r#""a":"\ud83d""#,
    r#""\ude00":1"#,
    r#""a":"\x""#,
    r#""a":"\u12g4""#,
    r#""a":.5"#,
    r#""a":1."#,
    r#""a":1e"#,
    r#""a":NaN"#,
    r#""a":True"#,
    r#""a":[1,]"#,
    r#""a""#,
    "",
];

/// An object for a field of this name.
pub(super) fn object(name: &str) -> BoxedStrategy<String> {
    let required: &[&str] = match name {
        "chat" => &CHAT,
        "contact" => &CONTACT,
        _ => &USER,
    };
    let required = Just(
        required
            .iter()
            .map(|&member| member.to_owned())
            .collect::<Vec<_>>(),
    );
    let good = proptest::sample::subsequence(&GOOD[..], 0..=GOOD.len());
    let good = good.prop_map(|members| members.into_iter().map(str::to_owned).collect::<Vec<_>>());
    let bad = prop_oneof![4 => select(&BAD[..]).prop_map(str::to_owned), 1 => deep(), 1 => many_members()];
    let bad = prop_oneof![3 => Just(Vec::new()), 1 => vec(bad, 1..3)];
    let removed = prop_oneof![19 => Just(None), 1 => any::<Index>().prop_map(Some)];
    let members = (required, good, bad, removed).prop_map(|(required, good, bad, removed)| {
        let mut members = [required, good, bad].concat();
        if let Some(removed) = removed {
            members.remove(removed.index(members.len()));
        }
        members
    });
    let comma = prop_oneof![16 => Just(","), 3 => Just(" , "), 1 => Just(",\u{A0}")];
    let braces = prop_oneof![
        20 => Just(("{", "}")),
         1 => select(&[(" { ", " } "), ("[", "]"), ("{", "}}"), ("\u{FEFF}{", "}"), ("{", ""), ("{", ",}")][..]),
    ];
    (members.prop_shuffle(), comma, braces)
        .prop_map(|(members, comma, (open, close))| format!("{open}{}{close}", members.join(comma)))
        .boxed()
}

/// A member with a nesting depth around the limit.
fn deep() -> impl Strategy<Value = String> {
    (62..=66_usize, any::<bool>()).prop_map(|(depth, is_array)| {
        let (open, innermost, close) = if is_array {
            ("[", "", "]")
        } else {
            (r#"{"d":"#, "0", "}")
        };
        format!(
            r#""deep":{}{innermost}{}"#,
            open.repeat(depth),
            close.repeat(depth)
        )
    })
}

/// An object with so many members that length and last character do not distinguish them, possibly
/// with a repeated one.
fn many_members() -> impl Strategy<Value = String> {
    (1..40_usize, any::<Index>(), any::<bool>()).prop_map(|(count, last, is_repeated)| {
        let last = if is_repeated {
            last.index(count)
        } else {
            count
        };
        let members: Vec<_> = (0..count)
            .chain([last])
            .map(|number| format!(r#""{number:02}0":0"#))
            .collect();
        format!(r#""many":{{{}}}"#, members.join(","))
    })
}
