#!/usr/bin/env bash
# Restore a backup that backup.sh made, on the same server or a new one.
#
#   ./restore.sh [--yes] BACKUP
#
# hub.env must be the one of the backup. What is there now is kept: the database under another name, the files in a
# folder beside. The hub stays stopped afterwards; the last line says how to start it. COMPOSE="podman-compose" for
# podman.
set -euo pipefail
umask 077
# shellcheck source=deploy/lib.sh
. "$(dirname "$0")/lib.sh"

agreed=no
if [ "${1:-}" = --yes ]; then
    agreed=yes
    shift
fi
[ $# = 1 ] || fail "用法：restore.sh [--yes] 备份目录"
backup=$1
[ -r "$backup/SHA256SUMS" ] || fail "$backup 不是备份目录，或备份没有完成。"
(cd "$backup" && sha256sum --check --strict --quiet SHA256SUMS) || fail "备份已损坏，校验和不符；没有改动任何数据。"
require_env_file
[ "$(fingerprint "$env_file")" = "$(cat "$backup/secrets.fingerprint")" ] ||
    fail "$env_file 不是这份备份的密钥；请先换回备份中的 hub.env，否则恢复的文件无法解密。没有改动任何数据。"
if [ $agreed = no ]; then
    read -r -p "将停止中枢并恢复 $backup。确认请输入 恢复 两字：" answer
    [ "$answer" = 恢复 ] || fail "已取消，没有改动任何数据。"
fi

stamp=$(date +%Y%m%d%H%M%S)
say "停止中枢 …"
compose stop gateway frontend worker exchange subsidies targets registry identity
compose up -d postgres
for _ in $(seq 60); do
    in_postgres pg_isready --quiet --host 127.0.0.1 </dev/null && break # by TCP: not the server that makes the cluster
    sleep 1
done

say "恢复数据库 …"
in_operator hub migrate </dev/null # the roles that own what is restored, on a new server too
in_postgres dropdb --if-exists hub_restoring </dev/null
in_postgres createdb --template template0 hub_restoring </dev/null
in_postgres pg_restore --exit-on-error --single-transaction --dbname hub_restoring <"$backup/database.dump"
in_postgres psql --quiet --set ON_ERROR_STOP=1 --dbname postgres >/dev/null <<SQL
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('hub', 'hub_restoring');
ALTER DATABASE hub RENAME TO hub_before_$stamp;
ALTER DATABASE hub_restoring RENAME TO hub;
SQL
in_operator hub migrate </dev/null # rights of the new database, and the tables of a newer version

say "恢复文件 …"
# shellcheck disable=SC2016  # expanded in the container
in_operator sh -ec 'cd /var/lib/hub/files; mkdir ".before-$1"
find . -mindepth 1 -maxdepth 1 ! -name ".before-*" -exec mv -t ".before-$1" {} +
exec tar --extract --exclude "./.before-*"' sh "$stamp" <"$backup/files.tar"

say "恢复完成。原数据库改名为 hub_before_$stamp，原文件在 files 卷的 .before-$stamp 中，核对无误后可删除。"
say "请启动中枢：${compose_command[*]} --env-file $env_file --file $here/compose.yaml up -d"
