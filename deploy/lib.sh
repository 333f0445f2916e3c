# Shared by backup.sh and restore.sh; sourced, not run.
# shellcheck shell=bash

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
env_file=${HUB_ENV_FILE:-$here/hub.env}
read -r -a compose_command <<<"${COMPOSE:-docker compose}"
data_keys='^HUB_(FILES_KEY|IDENTITY_KEY_SECRET|SUBSIDIES_PERSON_KEY|EXCHANGE_WEBHOOK_KEY)='

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

compose() {
    "${compose_command[@]}" --env-file "$env_file" --file "$here/compose.yaml" --profile operator "$@"
}

# A program of PostgreSQL in its container, as the administrator; its own input and output pass through.
in_postgres() {
    # shellcheck disable=SC2016  # the container's shell expands these, so no password is in a list of processes
    compose exec -T postgres sh -c 'export PGUSER="$POSTGRES_USER" PGPASSWORD="$POSTGRES_PASSWORD"; exec "$@"' sh "$@"
}

# A program in a container of the hub's image that has the folder of files.
in_operator() {
    local program=$1
    shift
    compose run --rm -T --no-deps --entrypoint "$program" operator "$@"
}

# Names the keys without which a backup is worthless, and gives none of them away: each has 256 random bits.
fingerprint() {
    grep -E "$data_keys" "$1" | LC_ALL=C sort | sha256sum | cut -d ' ' -f 1
}

require_env_file() {
    [ -r "$env_file" ] || fail "没有找到 $env_file；请在 deploy 目录放好 hub.env，或用 HUB_ENV_FILE 指定。"
    [ "$(grep -cE "$data_keys" "$env_file")" = 4 ] || fail "$env_file 中缺少密钥，不是一份完整的 hub.env。"
}
