#!/usr/bin/env bash
# Creates the secrets of compose.yaml in deploy/secrets. Existing files are kept.
# Asks for the bot token that @BotFather gave.
set -euo pipefail
folder="$(cd "$(dirname "$0")" && pwd)/secrets"
# Other users of this machine cannot open the folder; the users of the containers can read the files.
mkdir -p "$folder"
chmod 700 "$folder"

keep() { # keep NAME TEXT
  [ -s "$folder/$1" ] && return
  printf '%s' "$2" > "$folder/$1.part"
  chmod 644 "$folder/$1.part"
  mv "$folder/$1.part" "$folder/$1"
}
random() { openssl rand -hex 24; }
of() { cat "$folder/$1"; }

if [ ! -s "$folder/telegram_bot_token" ]; then
  read -rsp "Token of the bot: " token || true
  echo
  if ! [[ "$token" =~ ^[0-9]+:[A-Za-z0-9_-]+$ ]]; then
    echo "that is no token: @BotFather gives it, a number, a colon, then letters and digits" >&2
    exit 1
  fi
  keep telegram_bot_token "$token"
fi
keep secret_key "$(openssl rand -hex 32)"
keep bootstrap_token "$(random)"
keep postgres_password "$(random)"
keep database_url "postgresql://divan:$(of postgres_password)@postgres:5432/divan"
keep minio_access_key "divan"
keep minio_secret_key "$(random)"
keep qdrant_api_key "$(random)"
keep qdrant_config "service: {api_key: $(of qdrant_api_key)}"
keep redis_password "$(random)"
keep redis_config "requirepass $(of redis_password)"$'\n'"appendonly yes"$'\n'
keep rabbitmq_password "$(random)"
keep rabbitmq_config "default_user = divan"$'\n'"default_pass = $(of rabbitmq_password)"$'\n'
echo "The secrets are in $folder. The first administrator is created with the header"
echo "X-Bootstrap-Token, whose value is in $folder/bootstrap_token."
