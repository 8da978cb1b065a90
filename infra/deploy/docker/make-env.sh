#!/bin/sh
# Writes .env at the repository's root with passwords nobody knows yet, for docker-compose.yml:
#     infra/deploy/docker/make-env.sh [FILE]
# A file that is there is left alone: what runs already knows its passwords.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
file=${1:-$root/.env}
if [ -e "$file" ]; then
    echo "$file is there already; remove it first if nothing uses its passwords" >&2
    exit 1
fi

secret() {
    od -An -N 24 -t x1 /dev/urandom | tr -d ' \n'
}

umask 077
cat > "$file" <<END
# What posts events and asks questions gives this as \`Authorization: Bearer …\`.
SALESTAPE_GATEWAY_API_KEY=$(secret)
# What a browser asks for at the console, as the password.
SALESTAPE_CONSOLE_API_KEY=$(secret)
# The password of the ClickHouse user \`salestape\`, who writes.
SALESTAPE_SERVER_PASSWORD=$(secret)
# The password of the ClickHouse user \`analyst\`, who reads.
CLICKHOUSE_ANALYST_PASSWORD=$(secret)
# The password of Grafana's user \`admin\`.
GRAFANA_ADMIN_PASSWORD=$(secret)
# What the broker knows its own storage by.
KAFKA_CLUSTER_ID=$(head -c 16 /dev/urandom | base64 | tr '+/' 'xy' | cut -c 1-22)
END
echo "wrote $file" >&2
