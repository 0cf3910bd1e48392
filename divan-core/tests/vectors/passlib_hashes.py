"""Writes passlib_hashes.json: `pip install passlib==1.7.4 'bcrypt==4.0.1'`, `python passlib_hashes.py > passlib_hashes.json`."""

import json

from passlib.hash import bcrypt, pbkdf2_sha256

PASSWORDS = [
    "umbrella 77",
    "a",
    "Қазақстан 2024",
    "пароль-на-русском-языке-длинный-очень-длинный",
    "x" * 72,
    "x" * 73 + "tail",
]

made = [(bcrypt.using(rounds=4, ident=ident), password) for password in PASSWORDS for ident in ("2a", "2b", "2y")]
made += [(pbkdf2_sha256.using(rounds=1000), password) for password in PASSWORDS]
made += [
    (bcrypt, "umbrella 77"),
    (pbkdf2_sha256, "umbrella 77"),
    (pbkdf2_sha256.using(rounds=1), "one round"),
    (pbkdf2_sha256.using(rounds=1000, salt_size=0), "no salt"),
    (pbkdf2_sha256.using(rounds=1000, salt_size=40), "a long salt"),
]
vectors = [{"hash": kind.hash(password), "password": password} for kind, password in made]
print(json.dumps(vectors, ensure_ascii=False, indent=1))
