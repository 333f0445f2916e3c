#!/usr/bin/env bash
# Back up a running hub: its database, its files and its secrets, each checked before the backup gets its name.
#
#   ./backup.sh FOLDER [FOLDER_OF_SECRETS]
#
# Makes FOLDER/hub-YYYYmmdd-HHMMSS. The files are encrypted and hub.env holds their key: whoever has both can read
# rosters, so give a second folder on another medium for hub.env where you can. COMPOSE="podman-compose" for podman.
set -euo pipefail
umask 077
# shellcheck source=deploy/lib.sh
. "$(dirname "$0")/lib.sh"

[ $# = 1 ] || [ $# = 2 ] || fail "用法：backup.sh 备份目录 [密钥备份目录]"
require_env_file
target=$1
name=hub-$(date +%Y%m%d-%H%M%S)
secrets=${2:-$target/$name}
draft=$target/.$name.part
mkdir -p "$draft"
trap 'rm -rf "$draft"' EXIT

say "导出数据库 …"
in_postgres pg_dump --format custom --dbname hub >"$draft/database.dump" </dev/null
in_postgres pg_restore --list <"$draft/database.dump" >"$draft/database.list"
for service in identity registry targets subsidies exchange; do
    grep -q "SCHEMA - $service " "$draft/database.list" || fail "备份失败：导出的数据库中没有 $service。"
done

# After the database: a file is written before the row that names it, so every row of the dump finds its file here.
say "备份文件 …"
in_operator tar --create --exclude "./.before-*" --directory /var/lib/hub/files . >"$draft/files.tar" </dev/null
tar --list --file "$draft/files.tar" >"$draft/files.list"

fingerprint "$env_file" >"$draft/secrets.fingerprint"
(cd "$draft" && sha256sum database.dump files.tar secrets.fingerprint >SHA256SUMS)
mv "$draft" "$target/$name"
trap - EXIT
mkdir -p "$secrets"
install -m 0600 "$env_file" "$secrets/hub.env"
sync
say "备份完成：$target/$name（$(du -sh "$target/$name" | cut -f 1)），密钥在 $secrets/hub.env。"
