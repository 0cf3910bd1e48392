"""Prints conformance vectors for a strict verifier of Telegram Mini App data as JSON.

Run it in the root of the repository. The output depends only on this file:

    python3 divan-core/tests/vectors/generate.py > divan-core/tests/vectors/generated.json

It needs Python 3.8 and only its standard library. It shares no code with the Rust crate: encoding, check string and
Ed25519 (RFC 8032) are implemented a second time, so that the same mistake is unlikely in both. A vector that tests how
data is parsed has a valid signature.

The schema is that of `init_data.json` (`kind`, `strict`, `layer`, `max_age`; the clock is 2026-11-22T00:00:00Z, with a
skew of 60 s), with these additions:

- kind `contact`: `user_id` is the verified user, and for accepted vectors `phone` is the phone number
- layer `tie`: the contact can be parsed, but belongs to another user or has no valid phone number
- `public_key`: 64 hex digits, instead of `env`, when the caller uses its own key
- `fields`, for accepted vectors: the exact text of everything that the signature covers
- `user`, for accepted vectors: the JSON object in `user` with its escapes resolved
"""

import base64
import hashlib
import hmac
import itertools
import json
import sys
from collections import namedtuple
from urllib.parse import quote

NOW = 1795305600
DAY = 86400
HOUR = 3600
CENTURY = 3153600000
SKEW = 60
MAX_BYTES = 8192
MAX_PAIRS = 32
FRESH = NOW - 100

TOKEN = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000"
BOT_ID = 1234567890

# (strict, layer)
ACCEPT = ("accept", "verify")
READS = ("accept", "parse")
REFUSED = ("reject", "verify")
UNREADABLE = ("reject", "parse")
UNTIED = ("reject", "tie")
OPEN = ("either", "verify")


# --- Ed25519, RFC 8032 section 5.1 ---------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P


def x_of(y, sign):
    """The x of a point with this y, or None when the curve has none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return P - x if x % 2 != sign else x


BASE = (x_of(BASE_Y, 0), BASE_Y, 1, x_of(BASE_Y, 0) * BASE_Y % P)
IDENTITY = (0, 1, 1, 0)


def add_points(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add_points(result, point)
        point = add_points(point, point)
        scalar >>= 1
    return result


def encode_point(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def encode_scalar(scalar):
    return scalar.to_bytes(32, "little")


def expand(seed):
    """The secret scalar and the prefix that a seed stands for."""
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar, digest[32:]


def public_key(seed):
    return encode_point(multiply(expand(seed)[0], BASE))


def challenge(r, key, message):
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L


def ed25519_sign(seed, message):
    scalar, prefix = expand(seed)
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    r = encode_point(multiply(nonce, BASE))
    return r + encode_scalar((nonce + challenge(r, public_key(seed), message) * scalar) % L)


# --- Fields, check string, seal ------------------------------------------------------------------------------------

Field = namedtuple("Field", "key value wire")


def field(key, value, wire=None):
    """A field with its signed value and the pair as it is sent; an empty pair is not sent at all."""
    value = value if isinstance(value, bytes) else str(value).encode()
    return Field(key, value, f"{key}={quote(value, safe='')}" if wire is None else wire)


def sent_as(key, value, text):
    """A field whose value is sent as exactly this text."""
    return field(key, value, f"{key}={text}")


def line(entry):
    return entry.key.encode() + b"=" + entry.value


def check_string(fields, order=lambda entry: entry.key.encode()):
    return b"\n".join(line(entry) for entry in sorted(fields, key=order))


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256)


WEB_APP_KEY = mac(b"WebAppData", TOKEN.encode()).digest()
WIDGET_KEY = sha256(TOKEN.encode())


def join(fields, place, pair):
    pairs = [entry.wire for entry in fields if entry.wire]
    pairs.insert(len(pairs) if place is None else place, pair)
    return "&".join(pairs)


def sealed(fields, key=WEB_APP_KEY, message=None, digest=None, seal="hash={}".format, place=None, edit=str):
    """The fields as sent, with their hash; each argument bends one step of the making."""
    digest = digest or mac(key, check_string(fields) if message is None else message).hexdigest()
    return edit(join(fields, place, seal(digest)))


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


SEED = b"\x07" * 32
OTHER_SEED = b"\x08" * 32
HASH_PAIR = "hash=" + "ab" * 32


def third_party_message(fields, bot_id=BOT_ID):
    return f"{bot_id}:WebAppData\n".encode() + check_string(fields)


def signed(fields, seed=SEED, bot_id=BOT_ID, message=None, signature=None, text=base64url,
           seal="signature={}".format, place=None, tail="&" + HASH_PAIR, edit=str):
    """The fields as sent, with their Ed25519 signature and a hash that it does not cover."""
    message = third_party_message(fields, bot_id) if message is None else message
    signature = signature or ed25519_sign(seed, message)
    return edit(join(fields, place, seal(text(signature))) + tail)


# --- Vectors -------------------------------------------------------------------------------------------------------


def vector(kind, name, outcome, note, init_data, fields, max_age, **more):
    strict, layer = outcome
    made = {"id": name, "group": None, "kind": kind, "init_data": init_data, "token": TOKEN, "bot_id": None,
            "env": "prod", "public_key": None, "max_age": max_age, "strict": strict, "layer": layer, "note": note,
            "source": "own", **more}
    if strict == "accept":
        made["fields"] = {entry.key: entry.value.decode() for entry in fields}
        if kind in ("hmac", "ed25519") and "user" in made["fields"]:
            made["user"] = json.loads(made["fields"]["user"])
    return made


def hmac_vector(name, outcome, note, fields, max_age=DAY, **sealing):
    return vector("hmac", "hmac_" + name, outcome, note, sealed(fields, **sealing), fields, max_age)


def ed25519_vector(name, outcome, note, fields, max_age=DAY, key=None, env=None, bot_id=BOT_ID, sent=None, **signing):
    key = None if env else (key or public_key(SEED)).hex()
    init_data = signed(fields, **{"bot_id": bot_id, **signing}) if sent is None else sent
    return vector("ed25519", "ed25519_" + name, outcome, note, init_data, fields, max_age,
                  token=None, bot_id=bot_id, env=env, public_key=key)


def contact_vector(name, outcome, note, fields, max_age=DAY, user_id=4242, phone="+12025550123", **sealing):
    expected = {"phone": phone} if outcome[0] == "accept" else {}
    return vector("contact", "contact_" + name, outcome, note, sealed(fields, **sealing), fields, max_age,
                  user_id=user_id, **expected)


def widget_vector(name, outcome, note, fields, max_age=DAY, **sealing):
    init_data = sealed(fields, **{"key": WIDGET_KEY, **sealing})
    return vector("widget", "widget_" + name, outcome, note, init_data, fields, max_age)


USER = '{"id":4242,"first_name":"First","last_name":"Last","language_code":"en"}'
MALLORY = '{"id":666,"first_name":"Mallory"}'
CONTACT = '{"user_id":4242,"phone_number":"12025550123","first_name":"First"}'


def app(*extra, user=USER, auth_date=FRESH):
    """Init data of a signed-in user, with the extra fields between."""
    return [field("user", user), *extra, field("auth_date", auth_date)]


def contact(text=CONTACT, *extra, auth_date=FRESH):
    return [field("contact", text), *extra, field("auth_date", auth_date)]


def widget(*extra, user_id=4242, auth_date=FRESH):
    return [field("id", user_id), field("first_name", "First"), *extra, field("auth_date", auth_date)]


def edges_of_time(make, build):
    """Four moments around the two limits, for any kind."""
    for name, outcome, auth_date, note in (
        ("age_at_limit", ACCEPT, NOW - HOUR, "Data exactly as old as max_age is still fresh."),
        ("age_past_limit", REFUSED, NOW - HOUR - 1, "One second older than max_age is expired."),
        ("future_at_skew", ACCEPT, NOW + SKEW, "A clock that is exactly 60 s behind is tolerated."),
        ("future_past_skew", REFUSED, NOW + SKEW + 1, "61 s in the future is beyond the clock skew."),
    ):
        yield make(name, outcome, note, build(auth_date=auth_date), max_age=HOUR)


def filled_to(size, fields, make_text, filler="a"):
    """The fields with a `pad` that makes the whole text `size` bytes long."""
    missing = size - len(make_text([*fields, field("pad", "", "pad=")]).encode())
    count, rest = divmod(missing, len(filler.encode()))
    text = filler * count + "a" * rest
    return [*fields, sent_as("pad", text, text)]


def filled_with_pairs(count, fields, seals):
    """The fields with as many more as make `count` pairs together with the pairs of the seal."""
    return [*fields, *(field(f"n{i}", i) for i in range(count - seals - len(fields)))]


def limits(make, build, make_text, seals):
    """The largest that is looked at, and the smallest that is not, for any kind."""
    yield make("bytes_8192", ACCEPT, "8192 bytes are within the limit.",
               filled_to(MAX_BYTES, build(), make_text))
    yield make("bytes_8193", REFUSED, "One byte above the limit is refused although the signature is right.",
               filled_to(MAX_BYTES + 1, build(), make_text))
    yield make("pairs_32", ACCEPT, "32 pairs, including the hash or signature, are within the limit.",
               filled_with_pairs(MAX_PAIRS, build(), seals))
    yield make("pairs_33", REFUSED, "One pair above the limit is refused although the signature is right.",
               filled_with_pairs(MAX_PAIRS + 1, build(), seals))


# --- HMAC: keys ----------------------------------------------------------------------------------------------------

KEYS_ACCEPTED = (
    ("64_characters", "k" * 64, "A key of 64 characters is the longest that is legal."),
    ("one_character", "z", "A key of one character is legal."),
    ("digits_only", "0", "A key may consist of digits."),
    ("underscores_only", "___", "A key may consist of underscores."),
    ("dunder", "__proto__", "A name that is special elsewhere is an ordinary unknown field here."),
    ("upper_case_user", "User", "Keys are case-sensitive: User next to user is another, unknown field."),
    ("upper_case_hash", "HASH", "Only hash in lower case is the hash; HASH is a covered field."),
)

KEYS_REFUSED = (
    ("65_characters", "k" * 65, "k" * 65, "A key of 65 characters is one too many."),
    ("empty", "", "", "A pair without a key has no name."),
    ("hyphen", "a-b", "a-b", "A hyphen is not a key character."),
    ("dot", "a.b", "a.b", "A dot is not a key character."),
    ("brackets", "user[id]", "user[id]", "Brackets make an array of it in some form parsers."),
    ("plus", "a b", "a+b", "A plus in a key would decode to a space."),
    ("raw_non_ascii", "clé", "clé", "Keys are ASCII."),
    ("zero_width_joiner", "user\u200d", "user\u200d", "An invisible character would make a second user."),
    ("percent_encoded", "abc", "%61bc", "A percent-encoded key is a second spelling of one name."),
    ("encoded_user", "user2", "user%32", "Even one encoded digit in a key is refused."),
    ("encoded_line_feed", "a=1\nb", "a%3D1%0Ab", "A line feed in a key writes lines into the check string."),
    ("encoded_nul", "a\0", "a%00", "A NUL would end the key for a reader of C strings."),
    ("encoded_equals", "a=b", "a%3Db", "An encoded = in a key moves the border between key and value."),
    ("encoded_ampersand", "a&b", "a%26b", "An encoded & in a key is not a key character."),
    ("leading_raw_space", " a", " a", "A raw space before a key is refused."),
)


def hmac_keys():
    for name, key, note in KEYS_ACCEPTED:
        yield hmac_vector("key_" + name, ACCEPT, note, app(field(key, "1")))
    for name, key, wire, note in KEYS_REFUSED:
        yield hmac_vector("key_" + name, REFUSED, note, app(field(key, "1", wire + "=1")))
    yield hmac_vector("key_of_hash_encoded", REFUSED, "The key of the hash must not be percent-encoded.",
                      app(), seal="%68ash={}".format)
    yield hmac_vector("key_only_upper_case_hash", REFUSED, "Hash is not hash, so the hash is missing.",
                      app(), seal="Hash={}".format)


# --- HMAC: values and escapes --------------------------------------------------------------------------------------

VALUES_ACCEPTED = (
    ("raw_equals", "a=b==", "a=b==", "Only the first = of a pair separates; the others belong to the value."),
    ("encoded_equals", "a=b", "a%3Db", "An encoded = is a value character."),
    ("only_equals", "=", "=", "A value may be a single =."),
    ("encoded_pair", "1&user=2", "1%26user%3D2", "Decoding comes after splitting: an encoded pair stays a value."),
    ("semicolon", "a;b=c;hash=0", "a;b=c;hash=0", "A semicolon is a value character and separates nothing."),
    ("raw_punctuation", "/?:@!$'()*,;~-._", "/?:@!$'()*,;~-._", "Raw punctuation of a query stands for itself."),
    ("lower_case_escape", "é/", "%c3%a9%2f", "Hex digits of an escape may be lower case."),
    ("mixed_case_escape", "é/", "%C3%a9%2f", "Hex digits of an escape may be of either case."),
    ("encoded_percent", "100%41", "100%2541", "An encoded % is decoded once only."),
    ("encoded_hash_sign", "a#b", "a%23b", "An encoded # is a value character."),
    ("encoded_space", " a ", "%20a%20", "An encoded space stays where it is; nothing is trimmed."),
    ("encoded_plus", "a+b", "a%2Bb", "An encoded plus is a plus."),
    ("plus_beside_encoded_plus", " + ", "+%2B+", "A raw plus is a space and an encoded one a plus, side by side."),
    ("hidden_hash", "x&hash=" + "0" * 64, "x%26hash%3D" + "0" * 64, "An encoded hash pair inside a value is text."),
    ("raw_hash_in_value", "hash=" + "0" * 64, "hash=" + "0" * 64, "hash= inside a value is text."),
    ("needlessly_encoded", "abc", "%61%62%63", "Letters may be percent-encoded in values."),
    ("c1_control", "a\x80b", "a%C2%80b", "U+0080 is legal UTF-8 and not below 0x20."),
    ("next_line", "a\x85b", "a%C2%85b", "U+0085 is no line feed."),
    ("line_separator", "a\u2028b", "a%E2%80%A8b", "U+2028 is no line feed."),
    ("last_code_point", "\U0010ffff", "%F4%8F%BF%BF", "U+10FFFF is the last legal code point."),
    ("noncharacter", "\uffff", "%EF%BF%BF", "U+FFFF is legal UTF-8."),
    ("replacement_character", "\ufffd", "%EF%BF%BD", "A sent U+FFFD is not a sign of broken UTF-8."),
    ("raw_non_ascii", "Zażółć_日本_😀", "Zażółć_日本_😀", "Unencoded UTF-8 is a value like any other."),
    ("delete", b"a\x7fb", "a%7Fb", "U+007F separates nothing in the check string, and Telegram does not remove it."),
    ("combining_marks", "e\u0301é", "e%CC%81%C3%A9", "Nothing is normalised: two spellings of é stay two."),
)

ESCAPES_REFUSED = (
    ("percent_at_end", "a%", "A % without digits is no escape."),
    ("one_digit", "a%2", "An escape needs two digits."),
    ("not_hex", "a%GG", "An escape needs hex digits."),
    ("second_digit_not_hex", "a%4G", "The second digit has to be hex too."),
    ("sign_minus", "a%-1", "A lenient integer parser takes -1 for a number."),
    ("unicode_escape", "a%u0041", "The escape of old scripts is not one of a form."),
    ("hex_prefix", "a%0x41", "A prefix is no pair of digits."),
    ("full_width_digits", "a%４１", "Full-width digits are no hex digits."),
)

CONTROLS_REFUSED = (
    ("encoded_line_feed", b"a\nb", "a%0Ab", "A line feed is not escaped in the check string."),
    ("encoded_carriage_return", b"a\rb", "a%0Db", "A carriage return is a control character."),
    ("encoded_nul", b"a\0", "a%00", "A NUL cuts the value short for a reader of C strings."),
    ("encoded_tab", b"a\tb", "a%09b", "A tab is a control character."),
    ("encoded_1f", b"a\x1fb", "a%1Fb", "0x1F is the last of the control characters below the space."),
    ("encoded_escape", b"\x1b[2J", "%1B%5B2J", "An escape sequence would run in a terminal that shows a log."),
    ("raw_tab", b"a\tb", "a\tb", "URL parsers drop a raw tab."),
    ("raw_line_feed", b"a\nb", "a\nb", "URL parsers drop a raw line feed."),
    ("raw_carriage_return", b"a\rb", "a\rb", "URL parsers drop a raw carriage return."),
    ("raw_nul", b"a\0b", "a\0b", "A raw NUL is a control character."),
    ("raw_7f", b"a\x7fb", "a\x7fb", "A raw 0x7F is a control character."),
)


def hmac_values():
    for name, value, text, note in VALUES_ACCEPTED:
        yield hmac_vector("value_" + name, ACCEPT, note, app(sent_as("start_param", value, text)))
    encoded = "".join(f"%{byte:02X}" for byte in USER.encode())
    yield hmac_vector("value_wholly_encoded", ACCEPT, "Every byte of user is percent-encoded and reads the same.",
                      [sent_as("user", USER, encoded), field("auth_date", FRESH)])
    yield hmac_vector("value_user_with_plus", ACCEPT, "A raw plus inside user decodes to a space of the name.",
                      [sent_as("user", '{"id":1,"first_name":"A B"}', quote('{"id":1,"first_name":"A#B"}').replace(
                          "%23", "+")), field("auth_date", FRESH)])
    yield hmac_vector("value_several_empty", ACCEPT, "Empty values are legal and stay in the check string.",
                      app(field("query_id", ""), field("start_param", ""), field("a", "")))
    yield hmac_vector("value_raw_space", OPEN, "A raw space inside a value is neither allowed nor forbidden.",
                      app(sent_as("start_param", "a b", "a b")))


def hmac_bad_escapes():
    for name, text, note in ESCAPES_REFUSED:
        fields = app(sent_as("start_param", text, text))
        yield hmac_vector("escape_" + name, REFUSED, note + " Signed as the literal text.", fields)
    yield hmac_vector("escape_cut_by_separator", REFUSED, "A separator does not complete an escape.",
                      app(sent_as("a", "%4", "%4"), sent_as("b", "1", "1")))
    yield hmac_vector("escape_double_percent", REFUSED, "A % does not escape a %. Signed as % and the byte.",
                      app(sent_as("start_param", "a%A", "a%%41")))
    yield hmac_vector("escape_sign_plus", REFUSED, "Signed as a literal %, a space and 1.",
                      app(sent_as("start_param", "a% 1", "a%+1")))
    yield hmac_vector("escape_sign_signed_as_byte", REFUSED,
                      "Signed as the byte 1, for which a lenient integer parser takes +1.",
                      app(sent_as("start_param", b"a\x01", "a%+1")))
    for name, value, text, note in CONTROLS_REFUSED:
        yield hmac_vector("control_" + name, REFUSED, note, app(sent_as("start_param", value, text)))


# --- HMAC: UTF-8 ---------------------------------------------------------------------------------------------------

BROKEN_UTF8 = (
    ("overlong_2", b"\xc0\xaf", "An overlong slash has a second spelling."),
    ("overlong_3", b"\xe0\x80\xaf", "An overlong slash of three bytes has a second spelling."),
    ("overlong_4", b"\xf0\x80\x80\xaf", "An overlong slash of four bytes has a second spelling."),
    ("overlong_nul", b"\xc0\x80", "The NUL of modified UTF-8 is overlong."),
    ("overlong_line_feed", b"a\xc0\x8ab", "An overlong line feed would slip past a filter of bytes."),
    ("surrogate", b"\xed\xa0\x80", "A surrogate is no scalar value."),
    ("surrogate_pair", b"\xed\xa0\xbd\xed\xb8\x80", "A pair of encoded surrogates is CESU-8, not UTF-8."),
    ("above_last", b"\xf4\x90\x80\x80", "U+110000 does not exist."),
    ("lead_f5", b"\xf5\x80\x80\x80", "0xF5 never starts a sequence."),
    ("five_bytes", b"\xf8\x88\x80\x80\x80", "There are no sequences of five bytes."),
    ("byte_ff", b"\xff", "0xFF is in no UTF-8 text."),
    ("lone_continuation", b"a\x80", "A continuation byte needs a lead."),
    ("truncated_2", b"\xc3", "A lead byte at the end of the value lacks its continuation."),
    ("truncated_3", b"\xe2\x82", "A sequence of three bytes lacks its last."),
    ("truncated_4", b"\xf0\x9f\x98", "A sequence of four bytes lacks its last."),
    ("interrupted", b"\xc3\x28", "A lead byte followed by ASCII is broken."),
    ("latin_1", b"Andr\xe9", "Latin-1 is not UTF-8."),
)


def hmac_utf8():
    for name, value, note in BROKEN_UTF8:
        yield hmac_vector("utf8_" + name, REFUSED, note + " Signed as bytes.", app(field("start_param", value)))
    yield hmac_vector("utf8_replaced", REFUSED,
                      "Signed as U+FFFD, which lossy decoding puts in place of a broken byte.",
                      app(sent_as("start_param", "a\ufffd", "a%FF")))
    yield hmac_vector("utf8_sequence_over_two_values", REFUSED, "A sequence does not continue in the next value.",
                      app(sent_as("a", b"\xc3", "%C3"), sent_as("b", b"\xa9", "%A9")))
    yield hmac_vector("utf8_encoded_lead_before_raw", REFUSED,
                      "A raw character does not continue an encoded lead byte.",
                      app(sent_as("start_param", b"\xe2\x82" + "é".encode(), "%E2%82é")))


def hmac_block_borders():
    """Text whose odd part lies across the border of a block of n bytes, where a fast path changes hands."""
    for n in (8, 16, 32, 64):
        text = "a" * (n - 1) + "😀" + "b" * n
        yield hmac_vector(f"block_encoded_{n}", ACCEPT, f"A decoded emoji lies across byte {n} of the value.",
                          [field("a", text), *app()])
        text = text[2:]
        yield hmac_vector(f"block_raw_{n}", ACCEPT, f"A raw emoji lies across byte {n} of the whole string.",
                          [sent_as("a", text, text), *app()])
        value = b"a" * (n - 1) + b"\xf0\x9f\x98" + b"b" * n
        yield hmac_vector(f"block_truncated_{n}", REFUSED, f"An emoji that lies across byte {n} lacks its last byte.",
                          [field("a", value), *app()])
        text = "a" * (n - 3) + "%41" + "b" * n
        yield hmac_vector(f"block_escape_{n}", ACCEPT, f"An escape lies across byte {n} of the whole string.",
                          [sent_as("a", text.replace("%41", "A"), text), *app()])
        value = "a" * (n - 1) + "\n" + "b" * n
        yield hmac_vector(f"block_line_feed_{n}", REFUSED, f"A line feed is the last byte of a block of {n}.",
                          [field("a", value), *app()])
    spread = "".join("a" * i + "é" + "b" * i + "😀" for i in range(17))
    yield hmac_vector("block_every_alignment", ACCEPT, "Sequences of two and four bytes at every alignment.",
                      app(field("start_param", spread)))


# --- HMAC: separators and duplicates -------------------------------------------------------------------------------

EDITS_REFUSED = (
    ("leading_question_mark", lambda text: "?" + text, "A leading ? belongs to a URL, not to the string."),
    ("leading_ampersand", lambda text: "&" + text, "A leading & makes an empty pair."),
    ("trailing_ampersand", lambda text: text + "&", "A trailing & makes an empty pair."),
    ("double_ampersand", lambda text: text.replace("&", "&&", 1), "A doubled & makes an empty pair."),
    ("html_ampersand", lambda text: text.replace("&", "&amp;"), "An & escaped for HTML is not a separator."),
    ("semicolons", lambda text: text.replace("&", ";"), "Pairs are separated by & only."),
    ("line_feeds", lambda text: text.replace("&", "\n"), "The check string itself is no query."),
    ("encoded_ampersands", lambda text: text.replace("&", "%26"), "A query encoded as a whole is one pair."),
    ("fragment", lambda text: text + "#tgWebAppVersion=8.0", "A fragment belongs to a URL."),
    ("bare_fragment", lambda text: text + "#", "An empty fragment is one too."),
    ("launch_parameter", lambda text: "tgWebAppData=" + quote(text, safe=""), "The launch parameter is not the data."),
    ("header_scheme", lambda text: "tma " + text, "The scheme of the header is not part of the data."),
    ("byte_order_mark", lambda text: "\ufeff" + text, "A byte order mark is not trimmed."),
    ("no_break_space", lambda text: text + "\u00a0", "Space outside ASCII is not trimmed either."),
    ("trailing_crlf", lambda text: text + "\r\n", "A line end is not trimmed."),
    ("trailing_nul", lambda text: text + "\0", "A NUL is not trimmed."),
    ("pair_without_equals", lambda text: text + "&flag", "A pair needs its =."),
    ("hash_without_equals", lambda text: text.replace("hash=", "hash"), "A hash without = is not a pair."),
    ("lone_equals", lambda text: text + "&=", "A pair of nothing but = has no key."),
    ("nothing", lambda text: "", "An empty string holds no data."),
    ("one_ampersand", lambda text: "&", "A separator alone holds no data."),
)


def hmac_separators():
    for name, edit, note in EDITS_REFUSED:
        yield hmac_vector("separator_" + name, REFUSED, note, app(), edit=edit)
    yield hmac_vector("separator_flag_signed", REFUSED,
                      "A pair without = is refused even when signed as an empty value.",
                      app(field("flag", "", "flag")))
    yield hmac_vector("separator_fragment_cut", REFUSED, "Signed without the fragment that a URL parser would cut off.",
                      [*app(), sent_as("start_param", "abc", "abc#frag")], place=0)
    yield hmac_vector("separator_raw_hash_sign", OPEN, "Signed with a raw # as a value character.",
                      [*app(), sent_as("start_param", "a#b", "a#b")], place=0)


def twice(key, first, second=None):
    return [field(key, first), field(key, first if second is None else second)]


DUPLICATES = (
    ("signature_signed", twice("signature", "AA"), "signature occurs twice and is signed twice."),
    ("auth_date_signed", twice("auth_date", FRESH), "auth_date occurs twice with one value."),
    ("auth_date_stale_first", twice("auth_date", 1, FRESH), "An expired and a fresh auth_date, both signed."),
    ("auth_date_stale_last", twice("auth_date", FRESH, 1), "A fresh and an expired auth_date, both signed."),
    ("unknown_signed", twice("zzz", "1", "2"), "Unknown keys must not occur twice either."),
    ("empty_values", twice("zzz", ""), "An empty value counts as much as any other."),
    ("user_signed", twice("user", MALLORY, USER), "Two users, both signed: the user is ambiguous."),
)


def hmac_duplicates():
    for name, pairs, note in DUPLICATES:
        taken = {entry.key for entry in pairs}
        fields = [entry for entry in app() if entry.key not in taken] + pairs
        yield hmac_vector("duplicate_" + name, REFUSED, note, fields)
    yield hmac_vector("duplicate_hash_equal", REFUSED, "The hash occurs twice with the same value.",
                      app(), seal="hash={0}&hash={0}".format)
    yield hmac_vector("duplicate_hash_first_and_last", REFUSED, "The hash occurs at both ends with the same value.",
                      app(), edit=lambda text: text[-69:] + "&" + text)
    yield hmac_vector("duplicate_unknown_signed_once", REFUSED, "A repeated pair that a map would swallow is refused.",
                      app(field("zzz", "1", "zzz=1&zzz=1")))
    yield hmac_vector("duplicate_encoded_twin", REFUSED,
                      "A second user with an encoded key is refused like any encoded key.",
                      app(), edit=lambda text: f"%75ser={quote(MALLORY)}&{text}")


# --- HMAC: hash and auth_date --------------------------------------------------------------------------------------

HASHES_REFUSED = (
    ("62_digits", lambda digest: digest[:62], "Two digits are missing."),
    ("65_digits", lambda digest: digest + "0", "There is one digit too many."),
    ("66_digits", lambda digest: digest + "00", "There is a byte too many."),
    ("128_digits", lambda digest: digest * 2, "The right hash twice is not the right hash."),
    ("hex_prefix", lambda digest: "0x" + digest, "A prefix is not a digit."),
    ("leading_plus", lambda digest: "+" + digest, "A plus is a space here, and nothing is trimmed."),
    ("trailing_space", lambda digest: digest + "%20", "An encoded space is not trimmed."),
    ("zeros", lambda digest: "0" * 64, "A hash of zeros is no default."),
    ("empty", lambda digest: "", "An empty hash equals no hash."),
    ("wholly_encoded", lambda digest: "".join(f"%{ord(c):02X}" for c in digest),
     "The hash is 64 hex digits as received."),
    ("quoted", lambda digest: f"%22{digest}%22", "Quotes are no digits."),
    ("colons", lambda digest: ":".join(digest[i:i + 2] for i in range(0, 64, 2)), "Bytes are not separated."),
    ("base64url", lambda digest: base64url(bytes.fromhex(digest)), "The hash is hex, not base64."),
    ("bytes_reversed", lambda digest: bytes.fromhex(digest)[::-1].hex(), "The order of the bytes matters."),
    ("first_byte_changed", lambda digest: f"{int(digest[:2], 16) ^ 0x80:02x}" + digest[2:], "One bit differs."),
    ("second_half_zero", lambda digest: digest[:32] + "0" * 32, "All 32 bytes are compared."),
    ("full_width_digit", lambda digest: digest[:-1] + "%EF%BC%91", "A full-width digit is no hex digit."),
)


def hmac_hashes():
    for name, change, note in HASHES_REFUSED:
        yield hmac_vector("hash_" + name, REFUSED, note, app(), seal=lambda digest: "hash=" + change(digest))
    yield hmac_vector("hash_upper_case", OPEN, "Telegram sends lower case; a verifier may accept or reject upper case.",
                      app(), seal=lambda digest: "hash=" + digest.upper())


AUTH_DATES_REFUSED = (
    ("zero", "0", "auth_date starts with 1 to 9.", CENTURY),
    ("one_leading_zero", f"0{FRESH}", "A leading zero makes a second spelling.", DAY),
    ("plus_sign", f"+{FRESH}", "A lenient integer parser takes a plus sign.", DAY),
    ("exponent", "1e9", "An exponent is no digit.", CENTURY),
    ("fraction_zero", f"{FRESH}.0", "A fraction of nothing is still a fraction.", DAY),
    ("13_digits", "1795305500000", "Milliseconds have a digit too many.", DAY),
    ("empty", "", "An empty auth_date is none.", CENTURY),
    ("hexadecimal", "0x6B02351C", "Hex digits are none here.", CENTURY),
    ("arabic_digits", "١٧٩٥٣٠٥٥٠٠", "Arabic-Indic digits count as digits in some languages.", DAY),
    ("full_width_digits", "１７９５３０５５００", "Full-width digits count as digits in some languages.", DAY),
    ("underscores", "1_795_305_500", "Underscores belong to source code.", DAY),
    ("commas", "1,795,305,500", "Separators of thousands are not allowed.", DAY),
    ("trailing_letter", f"{FRESH}Z", "Text after a number is not ignored.", DAY),
    ("trailing_space", f"{FRESH} ", "Space after the digits is not trimmed.", DAY),
    ("iso_8601", "2026-11-21T23:58:20Z", "A date is not a number of seconds.", DAY),
    ("12_nines", "999999999999", "Twelve digits are legal, but this is far in the future.", CENTURY),
    ("u64_max_signed", "18446744073709551615", "Adding to the largest u64 must neither panic nor wrap.", DAY),
    ("u64_wrapped", str(2**64 + FRESH), "A number that wraps around to a fresh one.", DAY),
    ("i32_wrapped", str(2**32 + FRESH), "A number that is fresh in 32 bits only.", DAY),
)


def hmac_times():
    yield from edges_of_time(hmac_vector, app)
    for name, value, note, max_age in AUTH_DATES_REFUSED:
        yield hmac_vector("auth_date_" + name, REFUSED, note, app(auth_date=value), max_age=max_age)
    yield hmac_vector("auth_date_raw_plus", REFUSED, "A raw plus before the digits is a space.",
                      [field("user", USER), sent_as("auth_date", f" {FRESH}", f"+{FRESH}")])
    yield hmac_vector("auth_date_one", ACCEPT, "One second after the epoch is legal while max_age reaches back so far.",
                      app(auth_date=1), max_age=CENTURY)
    yield hmac_vector("auth_date_unlimited_age", ACCEPT, "The largest max_age must not overflow.",
                      app(), max_age=2**64 - 1)
    yield hmac_vector("auth_date_age_of_one", ACCEPT, "max_age may be a single second.",
                      app(auth_date=NOW - 1), max_age=1)
    yield hmac_vector("auth_date_future_and_unlimited_age", REFUSED, "A long max_age does not widen the clock skew.",
                      app(auth_date=NOW + SKEW + 1), max_age=2**64 - 1)
    yield hmac_vector("auth_date_only_upper_case", REFUSED, "Auth_Date is not auth_date.",
                      [field("user", USER), field("Auth_Date", FRESH)])
    yield hmac_vector("auth_date_alone", ACCEPT, "auth_date and hash are all that verification requires.",
                      [field("auth_date", FRESH)])


# --- HMAC: order ---------------------------------------------------------------------------------------------------


def numbered(*keys):
    return [field(key, index) for index, key in enumerate(keys)]


SORTED_RIGHT = (
    ("prefixes", numbered("aa", "a_", "a0", "a", "Z", "_", "A"), "Keys are compared as bytes, a prefix first."),
    ("digit_after_prefix", numbered("a0", "a"), "Sorting whole lines would put a0= before a=."),
    ("ninth_byte", numbered("chat_instancf", "chat_instance"), "The keys differ after their first eight bytes only."),
    ("eight_and_nine_bytes", numbered("abcdefghi", "abcdefgh"), "Eight bytes come before the same eight and one more."),
    ("sixteenth_byte", numbered("abcdefghijklmnoq", "abcdefghijklmnop"), "The keys differ in their sixteenth byte."),
    ("last_of_64_bytes", numbered("k" * 63 + "b", "k" * 63 + "a"), "The keys differ in the last byte of the longest."),
    ("cases", numbered("b", "_b", "B", "a", "_a", "A"),
     "Upper case comes before the underscore, which is before lower."),
    ("numbers", numbered("k2", "k10", "k1"), "k10 comes before k2, because keys are not numbers."),
    ("shorter_later", numbered("zz", "b", "aaaa"), "The longer key comes first when its bytes do."),
)

SORTED_WRONG = (
    ("by_lines", numbered("a0", "a"), lambda entry: line(entry), "Signed with whole lines sorted."),
    ("ignoring_case", numbered("b", "A", "a", "B"), lambda entry: entry.key.lower(), "Signed with case ignored."),
    ("by_length", numbered("zz", "b", "aaaa"), lambda entry: (len(entry.key), entry.key), "Signed by length first."),
    ("by_eight_bytes", numbered("chat_instancf", "chat_instance"), lambda entry: entry.key[:8],
     "Signed with the first eight bytes compared and the rest as received."),
    ("by_value", numbered("b", "a"), lambda entry: entry.value, "Signed in the order of the values."),
    ("as_received", numbered("b", "a"), lambda entry: 0, "Signed in the order received."),
    ("by_number", numbered("k2", "k10"), lambda entry: (len(entry.key), entry.key), "Signed with keys as numbers."),
)


def hmac_order():
    for name, pairs, note in SORTED_RIGHT:
        yield hmac_vector("order_" + name, ACCEPT, note, app(*pairs))
    for name, pairs, order, note in SORTED_WRONG:
        yield hmac_vector("order_wrong_" + name, REFUSED, note, app(*pairs), message=check_string(app(*pairs), order))
    backwards = sorted(app(*numbered("query_id", "chat_type", "start_param")), reverse=True)
    yield hmac_vector("order_backwards", ACCEPT, "The order in which fields arrive does not matter.", backwards)
    yield hmac_vector("order_hash_second", ACCEPT, "The hash may have any position.", app(), place=1)
    reversed_check = b"\n".join(reversed(check_string(app()).split(b"\n")))
    yield hmac_vector("order_wrong_backwards", REFUSED, "Signed in falling order.", app(), message=reversed_check)


# --- HMAC: merged lines and schemes --------------------------------------------------------------------------------


def merged(first, second, line_end="%0A"):
    """Two signed fields that are sent as one pair, the second hidden behind a line feed in the first."""
    return [field(first.key, first.value, f"{first.wire}{line_end}{second.wire}"), field(second.key, second.value, "")]


QUERY_ID = field("query_id", "AAF")
START_PARAM = field("start_param", "x")
SIGNATURE = field("signature", base64url(bytes(range(64))))


def hmac_merged_lines():
    date = field("auth_date", FRESH)
    user = field("user", USER)
    for name, fields, note in (
        ("query_into_date", [*merged(date, QUERY_ID), user],
         "query_id hides in auth_date; the check string is the same."),
        ("lower_case_escape", [date, *merged(START_PARAM, user, "%0a")], "user hides behind a lower-case %0a."),
        ("raw_line_feed", [date, *merged(START_PARAM, user, "\n")], "user hides behind a raw line feed."),
        ("signature_into_query", [date, *merged(QUERY_ID, SIGNATURE), user], "signature hides in query_id."),
        ("after_user", [date, *merged(user, field("zzz", "1"))], "An unknown field hides after the JSON of user."),
    ):
        yield hmac_vector("merge_" + name, REFUSED, note, fields)
    yield hmac_vector("merge_json_escape", READS, "A line feed escaped in JSON is none in the check string.",
                      app(user='{"id":4242,"first_name":"First\\nauth_date=1"}'))


SCHEMES_REFUSED = (
    ("token_as_key", "The token itself is the key.", lambda text: mac(TOKEN.encode(), text)),
    ("key_and_message_swapped", "The derivation has key and message swapped.",
     lambda text: mac(mac(TOKEN.encode(), b"WebAppData").digest(), text)),
    ("constant_as_key", "The constant is the key, so any client can sign.", lambda text: mac(b"WebAppData", text)),
    ("empty_key", "The key is empty, so any client can sign.", lambda text: mac(b"", text)),
    ("empty_token", "The key is derived from an empty token.",
     lambda text: mac(mac(b"WebAppData", b"").digest(), text)),
    ("constant_lower_case", "The constant is spelled in lower case.",
     lambda text: mac(mac(b"webappdata", TOKEN.encode()).digest(), text)),
    ("secret_as_hex", "The key is the hex text of the secret.", lambda text: mac(WEB_APP_KEY.hex().encode(), text)),
    ("token_without_bot_id", "The token lost its bot id.",
     lambda text: mac(mac(b"WebAppData", TOKEN.split(":")[1].encode()).digest(), text)),
    ("bot_id_as_token", "The bot id is public and no token.",
     lambda text: mac(mac(b"WebAppData", str(BOT_ID).encode()).digest(), text)),
    ("hash_after_secret", "A plain hash of secret and text is no HMAC.",
     lambda text: hashlib.sha256(WEB_APP_KEY + text)),
    ("hash_of_text", "A plain hash of the text needs no secret.", lambda text: hashlib.sha256(text)),
    ("twice", "The check string is hashed before it is signed.", lambda text: mac(WEB_APP_KEY, sha256(text))),
)

CHECK_STRINGS_REFUSED = (
    ("trailing_line_feed", lambda text: text + b"\n", "Signed with a line feed at the end."),
    ("crlf", lambda text: text.replace(b"\n", b"\r\n"), "Signed with CR LF between the lines."),
    ("ampersands", lambda text: text.replace(b"\n", b"&"), "Signed with & between the fields."),
    ("third_party_prefix", lambda text: b"%d:WebAppData\n" % BOT_ID + text,
     "Signed with the prefix of the third-party check."),
    ("hash_line", lambda text: text + b"\nhash=", "Signed with an empty hash among the fields."),
    ("values_undecoded", lambda text: b"\n".join(sorted(sealed(app(EMPTY)).encode().split(b"&")[:-1])),
     "Signed with the values as sent, not decoded."),
    ("empty_dropped", lambda text: check_string(app()), "Signed without the field whose value is empty."),
    ("json_rewritten", lambda text: text.replace(b'":', b'": '), "Signed with the JSON serialized again."),
)

EMPTY = field("start_param", "")


def hmac_schemes():
    for name, note, digest in SCHEMES_REFUSED:
        yield hmac_vector("scheme_" + name, REFUSED, note, app(), digest=digest(check_string(app())).hexdigest())
    fields = app(EMPTY)
    for name, change, note in CHECK_STRINGS_REFUSED:
        yield hmac_vector("text_" + name, REFUSED, note, fields, message=change(check_string(fields)))
    yield hmac_vector("text_plus_kept", REFUSED, "Signed with a literal plus, but a raw plus is a space.",
                      app(sent_as("start_param", "a+b", "a+b")))
    yield hmac_vector("text_composed", REFUSED, "Signed as é in one code point, sent as two.",
                      app(sent_as("start_param", "é", "e%CC%81")))
    yield hmac_vector("text_slashes_unescaped", REFUSED, "Signed with \\/ resolved, as a JSON writer would.",
                      app(user='{"id":1,"first_name":"A","photo_url":"https:\\/\\/t.me"}'),
                      message=check_string(app(user='{"id":1,"first_name":"A","photo_url":"https://t.me"}')))
    yield hmac_vector("scheme_login_widget", REFUSED, "A genuine string of the Login Widget is not init data.",
                      widget(), key=WIDGET_KEY)


def hmac_limits():
    yield from limits(hmac_vector, app, sealed, 1)
    yield hmac_vector("bytes_8192_non_ascii", ACCEPT, "The limit counts bytes: 8192 of them are fewer characters.",
                      filled_to(MAX_BYTES, app(), sealed, "é"))
    yield hmac_vector("bytes_8193_non_ascii", REFUSED,
                      "The limit counts bytes, though the characters are half as many.",
                      filled_to(MAX_BYTES + 1, app(), sealed, "é"))
    yield hmac_vector("bytes_encoded", REFUSED, "The limit counts the bytes received, not those after decoding.",
                      app(sent_as("pad", "A" * 2700, "%41" * 2700)))


# --- HMAC: typed fields --------------------------------------------------------------------------------------------

FACE = "\\ud83d\\ude00"

USERS_READ = (
    ("all_members", '{"id":4242,"is_bot":false,"first_name":"First","last_name":"Last","username":"first_last",'
     '"language_code":"en","is_premium":true,"added_to_attachment_menu":true,"allows_write_to_pm":true,'
     '"photo_url":"https:\\/\\/t.me\\/i\\/userpic\\/320\\/a.svg"}', "Every documented member, slashes escaped."),
    ("nested_unknown", '{"id":4242,"first_name":"First","new":{"a":[1,{"b":null}],"c":{"a":1}}}',
     "Unknown members may hold anything; one name in different objects is no duplicate."),
    ("id_last", '{"first_name":"First","id":4242}', "The order of members does not matter."),
    ("spaces", ' { "id" : 4242 , "first_name" : "First" } ', "Spaces around tokens are JSON."),
    ("surrogate_pair", '{"id":4242,"first_name":"' + FACE + '"}', "A pair of surrogate escapes is one character."),
    ("all_escapes", '{"id":4242,"first_name":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u00E9"}',
     "Every escape that JSON has."),
    ("nul_escape", '{"id":4242,"first_name":"A\\u0000B"}', "An escaped NUL is legal JSON."),
    ("escaped_member_name", '{"\\u0069d":4242,"first_name":"First"}', "An escaped name is the same name."),
    ("other_case_member", '{"ID":666,"id":4242,"first_name":"First"}', "ID is another, unknown member."),
    ("empty_member_name", '{"":1,"id":4242,"first_name":"First"}', "An empty member name is legal JSON."),
    ("id_minus_one", '{"id":-1,"first_name":"First"}', "The identifier is an i64, which may be negative."),
    ("id_above_2_53", '{"id":9007199254740993,"first_name":"First"}', "2^53 + 1 is lost by a reader of floats."),
    ("id_i64_max", '{"id":9223372036854775807,"first_name":"First"}', "The largest i64 is an identifier."),
    ("id_i64_min", '{"id":-9223372036854775808,"first_name":"First"}', "The smallest i64 is an identifier."),
    ("nulls", '{"id":4242,"first_name":"First","last_name":null,"username":null,"language_code":null,'
     '"photo_url":null}', "An optional text that is null is absent."),
    ("flag_null", '{"id":4242,"first_name":"First","is_premium":null}', "An optional flag that is null is absent."),
    ("unknown_huge_number", '{"id":4242,"first_name":"First","new":18446744073709551616}',
     "A number too large for u64 is no error in an unknown member."),
    ("unknown_object_text", '{"id":4242,"first_name":"First","new":"{\\"id\\":1,\\"id\\":2}"}',
     "JSON inside a string is text, its duplicates too."),
    ("long_name", '{"id":4242,"first_name":"' + "N" * 1000 + '"}', "A long name is no error."),
    ("line_separator", '{"id":4242,"first_name":"A\u2028B"}', "U+2028 may stand unescaped in JSON."),
    ("first_name_missing", '{"id":4242}', "The id identifies the user; a missing first_name stops no attack."),
    ("first_name_null", '{"id":4242,"first_name":null}', "A first_name that is null is a missing one."),
    ("depth_16", '{"id":4242,"first_name":"First","new":' + "[" * 16 + "]" * 16 + "}",
     "16 levels are within the limit."),
)

USERS_UNREADABLE = (
    ("duplicate_id_escaped", '{"id":4242,"\\u0069d":666,"first_name":"First"}', "An escape hides the second id."),
    ("duplicate_id_equal", '{"id":4242,"id":4242,"first_name":"First"}',
     "A member occurs twice, though with one value."),
    ("duplicate_first_name", '{"id":4242,"first_name":"First","first_name":"Mallory"}', "Two names."),
    ("duplicate_after_null", '{"id":4242,"first_name":"First","username":null,"username":"x"}', "null counts as a value."),
    ("duplicate_unknown", '{"id":4242,"first_name":"First","new":1,"new":2}', "An unknown member occurs twice."),
    ("duplicate_nested", '{"id":4242,"first_name":"First","new":{"a":1,"a":2}}', "A duplicate in an unknown object."),
    ("duplicate_nested_in_array", '{"id":4242,"first_name":"First","new":[[{"a":1,"b":0,"a":1}]]}',
     "A duplicate deep in an unknown array."),
    ("duplicate_nested_escaped", '{"id":4242,"first_name":"First","new":{"a":1,"\\u0061":2}}',
     "A duplicate in an unknown object, hidden by an escape."),
    ("id_string", '{"id":"4242","first_name":"First"}', "An identifier is not text."),
    ("id_float", '{"id":4242.0,"first_name":"First"}', "An identifier has no fraction."),
    ("id_half", '{"id":4242.5,"first_name":"First"}', "An identifier is not rounded."),
    ("id_exponent", '{"id":1e3,"first_name":"First"}', "An identifier has no exponent."),
    ("id_i64_max_plus_1", '{"id":9223372036854775808,"first_name":"First"}', "One above the largest i64."),
    ("id_i64_min_minus_1", '{"id":-9223372036854775809,"first_name":"First"}', "One below the smallest i64."),
    ("id_wraps", '{"id":18446744073709555858,"first_name":"First"}', "2^64 + 4242 wraps around to 4242."),
    ("id_true", '{"id":true,"first_name":"First"}', "true counts as 1 in some languages."),
    ("id_null", '{"id":null,"first_name":"First"}', "A required member must not be null."),
    ("id_array", '{"id":[4242],"first_name":"First"}', "An array of one is not its element."),
    ("id_missing", '{"first_name":"First"}', "A user without id cannot be identified."),
    ("id_other_case", '{"Id":4242,"first_name":"First"}', "Id is not id."),
    ("id_leading_zero", '{"id":04242,"first_name":"First"}', "JSON has no leading zeros."),
    ("id_plus", '{"id":+4242,"first_name":"First"}', "JSON has no plus sign."),
    ("id_hexadecimal", '{"id":0x1092,"first_name":"First"}', "JSON has no hex numbers."),
    ("id_arabic_digits", '{"id":٤٢٤٢,"first_name":"First"}', "JSON digits are ASCII."),
    ("first_name_number", '{"id":4242,"first_name":1}', "A name is text."),
    ("flag_text", '{"id":4242,"first_name":"First","is_bot":"true"}', "A flag is not text."),
    ("flag_number", '{"id":4242,"first_name":"First","is_bot":1}', "A flag is not a number."),
    ("array", '[{"id":4242,"first_name":"First"}]', "An array around the object is not the object."),
    ("positional_array", '[4242,false,"First"]', "An array of values in order is not the object."),
    ("string", '"{\\"id\\":4242,\\"first_name\\":\\"First\\"}"', "JSON inside a JSON string is text."),
    ("number", "4242", "A number is not a user."),
    ("null", "null", "null is not a user."),
    ("empty", "", "An empty value is not JSON."),
    ("only_spaces", "  ", "Spaces are not JSON."),
    ("trailing_comma", '{"id":4242,"first_name":"First",}', "JSON has no trailing comma."),
    ("block_comment", '{"id":4242,/* */"first_name":"First"}', "JSON has no comments."),
    ("line_comment", '{"id":4242,"first_name":"First"}//', "JSON has no comments after the object."),
    ("trailing_text", '{"id":4242,"first_name":"First"}x', "Nothing may follow the object."),
    ("second_object", '{"id":4242,"first_name":"First"}{"id":666}', "A stream of objects is not one."),
    ("unclosed", '{"id":4242,"first_name":"First"', "The object is not closed."),
    ("missing_comma", '{"id":4242 "first_name":"First"}', "A comma is missing."),
    ("nan", '{"id":4242,"first_name":"First","new":NaN}', "JSON has no NaN."),
    ("infinity", '{"id":4242,"first_name":"First","new":-Infinity}', "JSON has no infinity."),
    ("bare_fraction", '{"id":4242,"first_name":"First","new":.5}', "A number starts with a digit."),
    ("bare_point", '{"id":4242,"first_name":"First","new":1.}', "A point needs digits after it."),
    ("upper_case_word", '{"id":4242,"first_name":"First","new":True}', "The words of JSON are lower case."),
    ("single_quotes", "{'id':4242,'first_name':'First'}", "JSON quotes are double."),
    ("unquoted_names", '{id:4242,first_name:"First"}', "Member names are quoted."),
    ("byte_order_mark", '\ufeff{"id":4242,"first_name":"First"}', "A byte order mark is no white space."),
    ("no_break_space", '{"id":4242,\u00a0"first_name":"First"}', "A no-break space is no white space of JSON."),
    ("lone_high_surrogate", '{"id":4242,"first_name":"\\ud83d"}', "Half a pair is no character."),
    ("lone_low_surrogate", '{"id":4242,"first_name":"\\ude00"}', "The other half alone is not a character."),
    ("surrogates_swapped", '{"id":4242,"first_name":"\\ude00\\ud83d"}', "A pair in the wrong order is none."),
    ("escape_unknown", '{"id":4242,"first_name":"\\x41"}', "JSON has no such escape."),
    ("escape_short", '{"id":4242,"first_name":"\\u41"}', "A JSON escape has four digits."),
    ("escape_with_sign", '{"id":4242,"first_name":"\\u+041"}', "A lenient integer parser takes a sign for a digit."),
    ("encoded_twice", quote('{"id":4242,"first_name":"First"}'), "A value that was encoded twice is decoded once."),
    ("depth_1000_arrays", '{"id":4242,"first_name":"First","new":' + "[" * 1000 + "]" * 1000 + "}",
     "1000 nested arrays would exhaust the stack of a recursive reader."),
)


def hmac_users():
    for name, text, note in USERS_READ:
        yield hmac_vector("user_" + name, READS, note, app(user=text))
    for name, text, note in USERS_UNREADABLE:
        yield hmac_vector("user_" + name, UNREADABLE, note, app(user=text))
    deep = '{"id":4242,"first_name":"First","new":' + '{"":' * 1000 + "0" + "}" * 1001
    yield hmac_vector("user_depth_1000_objects", UNREADABLE, "1000 nested objects, sent unencoded to fit.",
                      [sent_as("user", deep, deep), field("auth_date", FRESH)])
    yield hmac_vector("user_lone_surrogate_in_unknown", OPEN, "Half a pair in a member that no reader uses.",
                      app(user='{"id":4242,"first_name":"First","new":"\\ud83d"}'))


CHAT = '{"id":-1001234567890,"type":"supergroup","title":"T"}'

OTHER_FIELDS_READ = (
    ("receiver", "receiver", '{"id":4343,"first_name":"Victim"}', "A receiver next to the user is another account."),
    ("chat_negative_id", "chat", CHAT, "Groups have negative identifiers."),
    ("chat_unknown_type", "chat", '{"id":1,"type":"forum_of_2030","title":"T"}', "Kinds of chats appear over time."),
    ("chat_type_empty", "chat_type", "", "An empty word is an unknown kind of chat."),
    ("chat_instance_huge", "chat_instance", "-" + "9" * 41, "chat_instance is text, however large the number."),
    ("start_param_null", "start_param", "null", "A top-level null is text."),
    ("start_param_object", "start_param", '{"a":1}', "A top-level object is text."),
    ("start_param_duplicates", "start_param", '{"a":1,"a":2}', "Text is not searched for duplicate members."),
    ("start_param_number", "start_param", "123", "Top-level digits are text."),
    ("start_param_leading_zeros", "start_param", "007", "Leading zeros of a text stay."),
    ("start_param_deep", "start_param", "[" * 1000, "Text is not parsed, even if it looks like nested JSON."),
    ("query_id_null", "query_id", "null", "query_id is text, even if it looks like a number."),
    ("query_id_quoted", "query_id", '"x"', "Quotes of a text stay."),
    ("unknown_field", "new_field_of_2030", "x y", "An unknown field is covered and can be read by name."),
    ("unknown_broken_json", "new_field", '{"a":', "An unknown field is not parsed."),
)

OTHER_FIELDS_UNREADABLE = (
    ("receiver_id_text", "receiver", '{"id":"4343","first_name":"Victim"}',
     "A receiver is read as strictly as a user."),
    ("receiver_duplicate", "receiver", '{"id":1,"id":2,"first_name":"A"}', "A receiver has one id."),
    ("receiver_empty", "receiver", "", "An empty receiver is not JSON."),
    ("chat_id_text", "chat", '{"id":"-100","type":"group","title":"T"}', "The id of a chat is an integer."),
    ("chat_id_float", "chat", '{"id":-100.0,"type":"group","title":"T"}', "The id of a chat has no fraction."),
    ("chat_id_missing", "chat", '{"type":"group","title":"T"}', "A chat without id is none."),
    ("chat_duplicate", "chat", '{"id":-1,"type":"group","title":"T","id":-2}', "A chat has one id."),
    ("chat_array", "chat", "[" + CHAT + "]", "An array around the chat is not the chat."),
    ("chat_trailing_text", "chat", CHAT + "}", "Nothing may follow the chat."),
)


def hmac_other_fields():
    for name, key, text, note in OTHER_FIELDS_READ:
        yield hmac_vector("field_" + name, READS, note, app(field(key, text)))
    for name, key, text, note in OTHER_FIELDS_UNREADABLE:
        yield hmac_vector("field_" + name, UNREADABLE, note, app(field(key, text)))
    yield hmac_vector("field_signature_short", OPEN,
                      "The hash covers a signature that is none; only a third party reads it.",
                      app(field("signature", "AA")))
    yield hmac_vector("field_signature_covered", READS, "The hash covers signature, so it can be read like any field.",
                      app(SIGNATURE))


# --- Ed25519 -------------------------------------------------------------------------------------------------------


def ed25519_accepted():
    full = app(QUERY_ID, EMPTY, field("chat_instance", "-9" + "0" * 30), field("a0", 1), field("a", 2))
    make = ed25519_vector
    yield make("own_key", ACCEPT, "A caller may use its own key.", full)
    yield make("second_key", ACCEPT, "Another key of the caller.", full, seed=OTHER_SEED, key=public_key(OTHER_SEED))
    yield make("no_hash", ACCEPT, "A third party needs no hash.", full, tail="")
    yield make("signature_first", ACCEPT, "The signature may have any position.", full, place=0)
    yield make("backwards", ACCEPT, "The order in which fields arrive does not matter.", sorted(full, reverse=True))
    yield make("hash_between", ACCEPT, "The hash may have any position and is not covered.", full, tail="",
               seal=lambda text: f"{HASH_PAIR}&signature={text}", place=1)
    yield make("large_bot_id", ACCEPT, "A bot id does not fit into 32 bits.", full, bot_id=2**53 + 1)
    yield make("upper_case_names", ACCEPT, "Hash and Signature are covered fields; hash and signature are not.",
               app(field("Hash", "x"), field("Signature", "y")))
    yield make("plus_and_escapes", ACCEPT, "A raw plus is a space, and escapes are decoded before they are signed.",
               app(sent_as("start_param", "a b/é😀", "a+b%2f%C3%A9😀")))
    yield make("no_user", ACCEPT, "auth_date and signature are all that verification requires.",
               [field("auth_date", FRESH)])
    yield make("user_escapes", READS, "JSON is signed as received, its escapes resolved only on reading.",
               app(user='{"id":4242,"first_name":"\\u0041\\/' + FACE + '"}'))


def with_alphabet_of_url(fields, seed=SEED):
    """The fields with a query_id for which the signature holds both characters that base64url has of its own."""
    for number in itertools.count():
        tried = [*fields, field("query_id", number)]
        text = base64url(ed25519_sign(seed, third_party_message(tried)))
        if "-" in text and "_" in text:
            return tried


def spare_bits(text, bits):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + bits]


SIGNATURE_TEXTS = (
    ("one_spare_bit", lambda raw: spare_bits(base64url(raw), 1), "The last digit has a spare bit set."),
    ("all_spare_bits", lambda raw: spare_bits(base64url(raw), 15), "The last digit has all spare bits set."),
    ("padded", lambda raw: base64url(raw) + "==", "Padding is a second spelling."),
    ("padded_encoded", lambda raw: base64url(raw) + "%3D%3D", "Encoded padding is padding."),
    ("padded_half", lambda raw: base64url(raw) + "=", "Half a padding is a third spelling."),
    ("63_bytes", lambda raw: base64url(raw[:63]), "A byte is missing."),
    ("65_bytes", lambda raw: base64url(raw + b"\0"), "There is a byte too many."),
    ("128_bytes", lambda raw: base64url(raw * 2), "The signature twice is not the signature."),
    ("hexadecimal", lambda raw: raw.hex(), "The signature is base64url, not hex."),
    ("empty", lambda raw: "", "An empty signature is none."),
    ("trailing_dot", lambda raw: base64url(raw) + ".", "Junk after the signature is not ignored."),
    ("space_inside", lambda raw: base64url(raw)[:40] + "+" + base64url(raw)[40:], "White space inside is not ignored."),
    ("space_after", lambda raw: base64url(raw) + "%20", "White space after it is not trimmed."),
    ("line_feed_inside", lambda raw: base64url(raw)[:76] + "%0A" + base64url(raw)[76:],
     "MIME breaks lines, this does not."),
    ("halves_swapped", lambda raw: base64url(raw[32:] + raw[:32]), "R precedes S."),
    ("bit_in_r", lambda raw: base64url(bytes([raw[0] ^ 1]) + raw[1:]), "One bit of R differs."),
    ("bit_in_s", lambda raw: base64url(raw[:32] + bytes([raw[32] ^ 1]) + raw[33:]), "One bit of S differs."),
    ("s_plus_l", lambda raw: base64url(raw[:32] + encode_scalar(int.from_bytes(raw[32:], "little") + L)),
     "S + L solves the same equation and makes a second signature."),
    ("s_all_ones", lambda raw: base64url(raw[:32] + b"\xff" * 32), "S is far above the order of the group."),
    ("zeros_under_good_key", lambda raw: base64url(bytes(64)), "A signature of zeros is no default."),
)


def ed25519_signature_texts():
    fields = with_alphabet_of_url(app())
    make = ed25519_vector
    yield make("signature_url_alphabet", ACCEPT, "- and _ are digits of base64url.", fields)
    yield make("signature_standard_alphabet", REFUSED, "%2B and / are digits of the other base64.", fields,
               text=lambda raw: base64url(raw).replace("-", "%2B").replace("_", "/"))
    yield make("signature_encoded", OPEN, "A percent-encoded - decodes to the right signature.", fields,
               text=lambda raw: base64url(raw).replace("-", "%2D"))
    for name, text, note in SIGNATURE_TEXTS:
        yield make("signature_" + name, REFUSED, note, app(), text=text)
    yield make("signature_missing", REFUSED, "There is a hash only.", app(), seal="zzz={}".format)
    yield make("signature_upper_case_name", REFUSED, "Signature is not signature.", app(), seal="Signature={}".format)
    yield make("signature_encoded_name", REFUSED, "A percent-encoded key is refused.", app(),
               seal="%73ignature={}".format)
    yield make("duplicate_signature", REFUSED, "The signature occurs twice with one value.", app(),
               seal="signature={0}&signature={0}".format)
    yield make("duplicate_hash", REFUSED, "A repeated key is refused, also when the signature does not cover it.", app(),
               tail=f"&{HASH_PAIR}&{HASH_PAIR}")
    for name, tail in (("not_hex", "x"), ("3_digits", "123"), ("empty", ""), ("upper_case", "AB" * 32), ("escape", "%zz")):
        yield make("hash_" + name, ACCEPT, "The signature does not cover hash, so its form does not matter.", app(),
                   tail="&hash=" + tail)


def messages_refused(fields):
    text = check_string(fields)
    prefix = b"%d:WebAppData\n" % BOT_ID
    with_seal = [*fields, field("hash", "ab" * 32)]
    return (
        ("hash_covered", third_party_message(with_seal), "Signed with the hash among the fields."),
        ("signature_covered", third_party_message([*fields, field("signature", "")]),
         "Signed with an empty signature."),
        ("no_prefix", text, "Signed without the line of the bot id."),
        ("prefix_without_line_feed", prefix[:-1] + text, "Signed without the line feed after the first line."),
        ("prefix_without_constant", b"%d\n" % BOT_ID + text, "Signed without the constant in the first line."),
        ("prefix_last", text + b"\n" + prefix[:-1], "Signed with the first line last."),
        ("other_bot_id", third_party_message(fields, BOT_ID + 1), "Signed for another bot."),
        ("bot_id_leading_zero", b"0" + prefix + text, "Signed with a zero before the bot id."),
        ("token_as_bot_id", TOKEN.encode() + b":WebAppData\n" + text, "Signed with the token instead of the bot id."),
        ("trailing_line_feed", prefix + text + b"\n", "Signed with a line feed at the end."),
        ("unsorted", prefix + check_string(fields, lambda entry: 0), "Signed in the order received."),
        ("sorted_by_lines", prefix + check_string(fields, line), "Signed with whole lines sorted."),
        ("field_missing", third_party_message(fields[1:]), "Signed without user, which was put in afterwards."),
        ("field_added", third_party_message([*fields, field("z", 1)]), "A signed field was taken out."),
        ("prehashed", sha256(prefix + text), "Signed over a hash of the text."),
        ("mac_as_message", mac(WEB_APP_KEY, text).hexdigest().encode(),
         "Signed over the hash that the bot would check."),
    )


def ed25519_messages():
    fields = app(field("a0", 1), field("a", 2))
    for name, message, note in messages_refused(fields):
        yield ed25519_vector("message_" + name, REFUSED, note, fields, message=message)
    yield ed25519_vector("checked_for_other_bot", REFUSED, "The data is another bot's.", fields, bot_id=BOT_ID + 1,
                         message=third_party_message(fields))
    yield ed25519_vector("other_key", REFUSED, "Signed with another key.", fields, seed=OTHER_SEED)
    yield ed25519_vector("own_key_in_production", REFUSED, "The caller's key is not Telegram's.", fields, env="prod")
    yield ed25519_vector("own_key_in_test", REFUSED, "The caller's key is not the one of the test environment.", fields,
                         env="test")
    date, user = field("auth_date", FRESH), field("user", USER)
    yield ed25519_vector("merged_lines", REFUSED, "user hides behind a line feed; the message is the same.",
                         [date, *merged(START_PARAM, user)])
    yield ed25519_vector("merged_into_date", REFUSED, "query_id hides in auth_date; the message is the same.",
                         [*merged(date, QUERY_ID), user])


# Points of small order: every signature under such a key, or with such an R, can be made without a secret.
SMALL_ORDER_1 = encode_scalar(1)
SMALL_ORDER_1_UNREDUCED = encode_scalar(P + 1)
SMALL_ORDER_2 = encode_scalar(P - 1)
SMALL_ORDER_4 = bytes(32)


def first_number(fields, wanted):
    """The fields with the first query_id for which the wanted holds."""
    tries = ([*fields, field("query_id", number)] for number in itertools.count())
    return next(tried for tried in tries if wanted(third_party_message(tried)))


def ed25519_small_order():
    make = ed25519_vector
    solved = first_number(app(), lambda message: challenge(SMALL_ORDER_4, SMALL_ORDER_4, message) % 4 == 3)
    yield make("small_order_4_zeros", REFUSED, "Zeros solve the equation under a key of order 4.", solved,
               key=SMALL_ORDER_4, signature=bytes(64))
    solved = first_number(app(), lambda message: challenge(SMALL_ORDER_1, SMALL_ORDER_2, message) % 2 == 0)
    yield make("small_order_2", REFUSED, "The neutral R and S = 0 solve the equation under a key of order 2.", solved,
               key=SMALL_ORDER_2, signature=SMALL_ORDER_1 + bytes(32))
    for name, key in (("small_order_1", SMALL_ORDER_1), ("small_order_1_unreduced", SMALL_ORDER_1_UNREDUCED)):
        yield make(name, REFUSED, "The neutral point as a key lets one signature fit every message.", app(),
                   key=key, signature=SMALL_ORDER_1 + bytes(32))
    scalar = expand(SEED)[0] * challenge(SMALL_ORDER_1, public_key(SEED), third_party_message(app())) % L
    yield make("small_order_r", REFUSED, "A neutral R under an ordinary key, made with its secret.", app(),
               signature=SMALL_ORDER_1 + encode_scalar(scalar))
    nowhere = next(y for y in range(2, 99) if x_of(y, 0) is None)
    yield make("key_off_the_curve", REFUSED, "These 32 bytes are no point.", app(), key=encode_scalar(nowhere))


def ed25519_grammar():
    make = ed25519_vector
    yield from edges_of_time(make, app)
    yield from limits(make, app, signed, 2)
    for name, value in (("plus_sign", f"+{FRESH}"), ("leading_zero", f"0{FRESH}"), ("13_digits", f"{FRESH}000"),
                        ("negative", f"-{FRESH}"), ("u64_max_signed", 2**64 - 1)):
        yield make("auth_date_" + name, REFUSED, "auth_date is read as strictly as in the bot's own check.",
                   app(auth_date=value))
    yield make("auth_date_missing", REFUSED, "Without auth_date it would be fresh forever.", [field("user", USER)])
    yield make("auth_date_twice", REFUSED, "Both are signed, one is expired.", [field("auth_date", 1), *app()])
    yield make("key_encoded", REFUSED, "A percent-encoded key is a second spelling.",
               [field("user", USER, "%75ser=" + quote(
        USER)), field("auth_date", FRESH)])
    yield make("leading_question_mark", REFUSED, "A leading ? belongs to a URL.", app(), edit=lambda text: "?" + text)
    yield make("trailing_ampersand", REFUSED, "A trailing & makes an empty pair.", app(), edit=lambda text: text + "&")
    yield make("control_character", REFUSED, "A control character is refused.", app(field("start_param", "a\x01")))
    yield make("broken_utf8", REFUSED, "Bytes that are no UTF-8 are refused although signed.",
               app(field("a", b"\xc3\x28")))
    yield make("user_duplicate_id", UNREADABLE, "A user has one id.", app(user='{"id":1,"id":2,"first_name":"A"}'))
    yield make("user_id_text", UNREADABLE, "An identifier is not text.", app(user='{"id":"1","first_name":"A"}'))
    yield make("user_empty", UNREADABLE, "An empty value is not JSON.", app(user=""))


# --- Contact -------------------------------------------------------------------------------------------------------


def contact_json(phone="12025550123", user_id="4242", more=""):
    return f'{{"user_id":{user_id},"phone_number":"{phone}","first_name":"First"{more}}}'


CONTACTS_READ = (
    ("without_plus", "12025550123", "+12025550123", "Telegram may leave the plus out."),
    ("with_plus", "+12025550123", "+12025550123", "Telegram may send the plus."),
    ("7_digits", "1234567", "+1234567", "Seven digits are the shortest."),
    ("15_digits", "+123456789012345", "+123456789012345", "Fifteen digits are the longest."),
    ("escaped_digits", "\\u002b1202\\u0035550123", "+12025550123",
     "JSON escapes are resolved before the number is read."),
)

PHONES_REFUSED = (
    ("6_digits", "123456", "Six digits are too few."),
    ("16_digits", "1234567890123456", "Sixteen digits are too many."),
    ("16_digits_with_plus", "+1234567890123456", "The plus does not count, and sixteen digits are too many."),
    ("empty", "", "An empty number is none."),
    ("plus_only", "+", "A plus alone is none."),
    ("leading_zero", "02025550123", "No country code starts with zero."),
    ("plus_and_zero", "+02025550123", "Zero is not allowed after a plus."),
    ("double_zero", "0012025550123", "The prefix of a dial is not part of the number."),
    ("two_pluses", "++12025550123", "A second plus is not allowed."),
    ("plus_last", "12025550123+", "The plus is the first character."),
    ("letters", "1202555CALL", "Letters on the keys are not digits."),
    ("spaces", "+1 202 555 0123", "No character of a number is ignored."),
    ("hyphens", "1-202-555-0123", "Hyphens are not digits."),
    ("leading_space", " 12025550123", "Nothing is trimmed."),
    ("extension", "12025550123;ext=1", "An extension is not part of the number."),
    ("arabic_digits", "١٢٠٢٥٥٥٠١٢٣", "Arabic-Indic digits count as digits in some languages."),
    ("full_width_plus", "＋12025550123", "A full-width plus is no plus."),
    ("escaped_nul", "12025550123\\u0000", "A NUL would end the number for a reader of C strings."),
    ("escaped_line_feed", "12025550123\\n", "An expression that ends in $ may overlook a line feed."),
)

CONTACTS_OF_OTHERS = (
    ("off_by_one", "4243", 4242, "The contact belongs to another user."),
    ("wraps_in_32_bits", str(2**32 + 4242), 4242, "The numbers are equal in their lower 32 bits only."),
    ("equal_as_floats", str(2**53 + 1), 2**53, "The numbers are equal as floats only."),
    ("negated", "-4242", 4242, "The numbers are equal without their sign only."),
    ("zero", "0", 4242, "Zero is not a user, and not a wildcard."),
)

CONTACTS_UNREADABLE = (
    ("user_id_text", contact_json(user_id='"4242"'), "An identifier is not text."),
    ("user_id_float", contact_json(user_id="4242.0"), "An identifier has no fraction."),
    ("user_id_exponent", contact_json(user_id="4242e0"), "An identifier has no exponent."),
    ("user_id_huge", contact_json(user_id="9223372036854775808"), "One above the largest i64."),
    ("user_id_wraps", contact_json(user_id=str(2**64 + 4242)), "2^64 + 4242 wraps around to 4242."),
    ("user_id_null", contact_json(user_id="null"), "A contact without a user proves nothing."),
    ("user_id_true", contact_json(user_id="true"), "A truth value is no identifier."),
    ("user_id_missing", '{"phone_number":"12025550123","first_name":"First"}',
     "A contact without user_id proves nothing."),
    ("user_id_named_id", '{"id":4242,"phone_number":"12025550123","first_name":"First"}', "id is not user_id."),
    ("phone_missing", '{"user_id":4242,"first_name":"First"}', "A contact without a number."),
    ("phone_number", '{"user_id":4242,"phone_number":12025550123,"first_name":"First"}', "A phone number is text."),
    ("phone_null", '{"user_id":4242,"phone_number":null,"first_name":"First"}', "A required text must not be null."),
    ("first_name_number", '{"user_id":4242,"phone_number":"12025550123","first_name":1}', "A name is text."),
    ("duplicate_user_id", contact_json(more=',"user_id":666'), "Two user_ids: the owner of the number is ambiguous."),
    ("duplicate_user_id_escaped", contact_json(more=',"user\\u005fid":666'), "An escape hides the second user_id."),
    ("duplicate_phone", contact_json(more=',"phone_number":"12025550199"'), "Two numbers."),
    ("duplicate_unknown", contact_json(more=',"vcard":"","vcard":""'), "An unknown member occurs twice."),
    ("empty", "", "An empty contact is not JSON."),
    ("null", "null", "null is not a contact."),
    ("array", "[" + CONTACT + "]", "An array around the contact is not the contact."),
    ("string", json.dumps(CONTACT), "JSON inside a JSON string is text."),
    ("trailing_text", CONTACT + "0", "Nothing may follow the contact."),
    ("trailing_comma", CONTACT[:-1] + ",}", "JSON has no trailing comma."),
)


def contact_readings():
    make = contact_vector
    for name, phone, expected, note in CONTACTS_READ:
        yield make("phone_" + name, READS, note, contact(contact_json(phone)), phone=expected)
    for name, phone, note in PHONES_REFUSED:
        yield make("phone_" + name, UNTIED, note, contact(contact_json(phone)))
    for name, user_id, verified, note in CONTACTS_OF_OTHERS:
        yield make("of_other_" + name, UNTIED, note, contact(contact_json(user_id=user_id)), user_id=verified)
    for name, text, note in CONTACTS_UNREADABLE:
        yield make(name, UNREADABLE, note, contact(text))
    yield make("last_name_and_unknown", READS, "last_name is optional, and unknown members are no error.",
               contact(contact_json(more=',"last_name":"Last","vcard":null')))
    for name, more in (("missing", ""), ("null", ',"first_name":null')):
        yield make("first_name_" + name, READS, "user_id and phone_number are all that a contact proves.",
                   contact('{"user_id":4242,"phone_number":"12025550123"' + more + "}"))
    yield make("large_user_id", READS, "Identifiers above 32 bits are compared in full.",
               contact(contact_json(user_id=str(2**53 + 1))), user_id=2**53 + 1)
    raw = quote(CONTACT.replace("12025550123", "#12025550123")).replace("%23", "+")
    spaced = CONTACT.replace("12025550123", " 12025550123")
    yield make("phone_raw_plus", UNTIED, "A raw plus is a space, signed as such, and no number starts with one.",
               [sent_as("contact", spaced, raw), field("auth_date", FRESH)])
    yield make("phone_raw_plus_signed_as_plus", REFUSED, "A raw plus is a space, but a plus was signed.",
               [sent_as("contact", CONTACT.replace("12025550123", "+12025550123"), raw), field("auth_date", FRESH)])


def contact_checks():
    make = contact_vector
    yield from edges_of_time(make, contact)
    yield from limits(make, contact, sealed, 1)
    yield make("unknown_field", ACCEPT, "An unknown field is covered and is not an error.",
               contact(CONTACT, field("new", "x")))
    yield make("hash_first", ACCEPT, "The hash may have any position.", contact(), place=0)
    yield make("signature_beside", ACCEPT, "A signature is covered by the hash like any field.",
               contact(CONTACT, SIGNATURE))
    yield make("user_beside", REFUSED, "A contact check refuses user: init data is not a contact.",
               contact(CONTACT, field("user", USER)))
    yield make("empty_user_beside", REFUSED, "An empty user is a user field too.", contact(CONTACT, field("user", "")))
    yield make("upper_case_user_beside", ACCEPT, "User is an unknown field.", contact(CONTACT, field("User", USER)))
    yield make("init_data", REFUSED, "Genuine init data holds no contact.", app())
    yield make("field_missing", REFUSED, "auth_date alone is no contact.", [field("auth_date", FRESH)])
    yield make("field_upper_case", REFUSED, "Contact is not contact.",
               [field("Contact", CONTACT), field("auth_date", FRESH)])
    yield make("inside_start_param", REFUSED, "A contact in start_param is text that the creator of the link chose.",
               [field("start_param", "contact=" + CONTACT), field("auth_date", FRESH)])
    yield make("auth_date_missing", REFUSED, "Without auth_date it would be fresh forever.",
               [field("contact", CONTACT)])
    yield make("auth_date_leading_zero", REFUSED, "A leading zero makes a second spelling.",
               contact(auth_date=f"0{FRESH}"))
    yield make("hash_63_digits", REFUSED, "A digit is missing.", contact(), seal=lambda digest: "hash=" + digest[:63])
    yield make("hash_missing", REFUSED, "The contact has no hash.", contact(), seal="zzz={}".format)
    yield make("widget_key", REFUSED, "Signed with the key of the Login Widget.", contact(), key=WIDGET_KEY)
    yield make("token_as_key", REFUSED, "Signed with the token as the key.", contact(), key=TOKEN.encode())
    yield make("user_id_changed", REFUSED, "The user_id was changed after signing.", contact(),
               edit=lambda text: text.replace("4242", "4243"))
    yield make("duplicate_field", REFUSED, "Two contacts, both signed.", contact(CONTACT, field("contact", CONTACT)))
    yield make("merged_lines", REFUSED, "contact hides behind a line feed of auth_date; the check string is the same.",
               merged(field("auth_date", FRESH), field("contact", CONTACT)))


# --- Login Widget --------------------------------------------------------------------------------------------------

WIDGET_IDS_UNREADABLE = (
    ("leading_zero", "04242", "A leading zero makes a second spelling of one user."),
    ("plus_sign", "+4242", "A lenient integer parser takes a plus sign."),
    ("space_before", " 4242", "Nothing is trimmed."),
    ("space_after", "4242 ", "Nothing is trimmed."),
    ("exponent", "4e3", "An identifier has no exponent."),
    ("fraction", "4242.0", "An identifier has no fraction."),
    ("hexadecimal", "0x1092", "An identifier is decimal."),
    ("i64_max_plus_1", str(2**63), "One above the largest i64."),
    ("wraps", str(2**64 + 4242), "2^64 + 4242 wraps around to 4242."),
    ("text", "First", "A name is no identifier."),
    ("quoted", '"4242"', "Quotes of JSON are not digits."),
    ("list", "4242,666", "Two identifiers are none."),
    ("empty", "", "An empty identifier is none."),
    ("arabic_digits", "٤٢٤٢", "Arabic-Indic digits count as digits in some languages."),
)

WIDGET_TEXTS = (
    ("json_object", '{"id":666}', "A value that looks like JSON stays text."),
    ("null", "null", "null stays text."),
    ("number", "0042", "Digits stay text, their zeros too."),
    ("quoted", '"Last"', "Quotes stay."),
    ("json_escape", "\\u0041\\/", "Escapes of JSON are not resolved in flat fields."),
    ("empty", "", "An empty value is legal and covered."),
)


def widget_readings():
    make = widget_vector
    for name, user_id, note in WIDGET_IDS_UNREADABLE:
        yield make("id_" + name, UNREADABLE, note, widget(user_id=user_id))
    for name, user_id, note in (("zero", 0, "No user has the id zero, but it is an integer."),
                                ("negative", -4242, "No user has a negative id, but it is an integer.")):
        yield make("id_" + name, OPEN, note, widget(user_id=user_id))
    for name, text, note in WIDGET_TEXTS:
        yield make("text_" + name, READS, note, widget(field("last_name", text)))
    yield make("id_missing", REFUSED, "No user is named.", [field("first_name", "First"), field("auth_date", FRESH)])
    yield make("id_upper_case_name", REFUSED, "ID is not id.",
               [field("ID", 4242), field("first_name", "First"), field("auth_date", FRESH)])
    yield make("id_large", READS, "2^53 + 1 is lost by a reader of floats.", widget(user_id=2**53 + 1))
    yield make("id_i64_max", READS, "The largest i64 is an identifier.", widget(user_id=2**63 - 1))
    yield make("user_beside", READS, "A user field is unknown here and remains text; id identifies the user.",
               widget(field("user", MALLORY)))
    yield make("user_in_place_of_id", REFUSED, "The id inside a user field is not the id of the widget.",
               [field("user", USER), field("auth_date", FRESH)])
    yield make("first_name_missing", READS, "id identifies the user; a missing first_name stops no attack.",
               [field("id", 4242), field("auth_date", FRESH)])


def widget_checks():
    make = widget_vector
    yield from edges_of_time(make, widget)
    yield from limits(make, widget, lambda fields: sealed(fields, key=WIDGET_KEY), 1)
    full = widget(field("last_name", "Läst 😀"), field("username", "first_last"),
                  field("photo_url", "https://t.me/a.jpg"))
    yield make("all_fields", ACCEPT, "Every documented field.", full)
    yield make("backwards", ACCEPT, "The order in which fields arrive does not matter.", sorted(full, reverse=True))
    yield make("plus_for_space", ACCEPT, "A raw plus is a space.", widget(sent_as("last_name", "La st", "La+st")))
    yield make("unknown_field", ACCEPT, "An unknown field is covered.", widget(field("new", "x")))
    yield make("web_app_key", REFUSED, "Signed with the key of Mini Apps.", widget(), key=WEB_APP_KEY)
    yield make("init_data", REFUSED, "Genuine init data is no login of the widget.", app(), key=WEB_APP_KEY)
    yield make("contact", REFUSED, "A genuine contact is no login of the widget.", contact(), key=WEB_APP_KEY)
    yield make("token_as_key", REFUSED, "The token itself is not the key.", widget(), key=TOKEN.encode())
    yield make("key_as_hex", REFUSED, "The key is 32 bytes, not their hex text.", widget(),
               key=WIDGET_KEY.hex().encode())
    yield make("id_changed", REFUSED, "The id was changed after signing.", widget(),
               edit=lambda text: text.replace("4242", "4243"))
    yield make("id_twice", REFUSED, "Two ids, both signed.", widget(field("id", 666)))
    yield make("id_twice_equal", REFUSED, "The id occurs twice with one value.", widget(field("id", 4242)))
    yield make("id_hidden_in_name", REFUSED, "id hides behind a line feed of first_name; the check string is the same.",
               [field("auth_date", FRESH), *merged(field("first_name", "First"), field("id", 4242))])
    yield make("id_encoded_key", REFUSED, "A percent-encoded key is a second spelling.",
               [field("id", 4242, "%69d=4242"), field("first_name", "First"), field("auth_date", FRESH)])
    yield make("auth_date_plus_sign", REFUSED, "A lenient integer parser takes a plus sign.",
               widget(auth_date=f"+{FRESH}"))
    yield make("auth_date_missing", REFUSED, "Without auth_date it would be fresh forever.", widget()[:-1])
    yield make("hash_zeros", REFUSED, "A hash of zeros is no default.", widget(), digest="0" * 64)
    yield make("hash_missing", REFUSED, "The login has no hash.", widget(), seal="zzz={}".format)
    yield make("hash_twice", REFUSED, "The hash occurs twice with the same value.", widget(),
               seal="hash={0}&hash={0}".format)
    yield make("control_character", REFUSED, "A control character is refused.", widget(field("last_name", "a\tb")))
    yield make("broken_utf8", REFUSED, "Bytes that are no UTF-8 are refused although signed.",
               widget(field("last_name", b"L\xe4st")))


# --- All -----------------------------------------------------------------------------------------------------------

TOPICS = (
    ("keys", hmac_keys),
    ("values", hmac_values),
    ("escapes", hmac_bad_escapes),
    ("utf-8", hmac_utf8),
    ("block-borders", hmac_block_borders),
    ("separators", hmac_separators),
    ("duplicates", hmac_duplicates),
    ("hash", hmac_hashes),
    ("time", hmac_times),
    ("order", hmac_order),
    ("merged-lines", hmac_merged_lines),
    ("schemes", hmac_schemes),
    ("limits", hmac_limits),
    ("user", hmac_users),
    ("fields", hmac_other_fields),
    ("ed25519", ed25519_accepted),
    ("ed25519-signature", ed25519_signature_texts),
    ("ed25519-message", ed25519_messages),
    ("ed25519-small-order", ed25519_small_order),
    ("ed25519-grammar", ed25519_grammar),
    ("contact", contact_readings),
    ("contact-check", contact_checks),
    ("widget", widget_readings),
    ("widget-check", widget_checks),
)


def all_vectors():
    vectors = [{**made, "group": group} for group, topic in TOPICS for made in topic()]
    names = [made["id"] for made in vectors]
    assert len(names) == len(set(names)), "an id occurs twice"
    return vectors


def main():
    about = ("Telegram initData vectors, printed by generate.py, which explains the schema. All keys and tokens are "
             "invented. The clock is 2026-11-22T00:00:00Z (1795305600), with a skew of 60 s.")
    json.dump({"about": about, "vectors": all_vectors()}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
