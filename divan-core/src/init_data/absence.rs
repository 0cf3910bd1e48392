/// Returns `true` for a text with which callers send no value: an empty one, or the name of an absent
/// value in their language, such as `undefined` and `[object Object]`.
///
/// ```
/// use divan_core::init_data::is_absent;
///
/// for text in ["", " ", "undefined", "null", "None", "NaN", "[object Object]", "[object Undefined]"] {
///     assert!(is_absent(text));
/// }
/// assert!(!is_absent("auth_date=1780000000&hash=00"));
/// ```
pub fn is_absent(text: &str) -> bool {
    const ABSENT: [&str; 9] = [
        "",
        "undefined",
        "null",
        "None",
        "nil",
        "NaN",
        "[object Object]",
        "[object Null]",
        "[object Undefined]",
    ];
    ABSENT.contains(&text.trim())
}
