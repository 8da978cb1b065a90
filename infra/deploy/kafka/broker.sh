#!/bin/sh
# Becomes one Apache Kafka broker on this machine alone, for tests and for playing:
#     broker.sh FOLDER PORT CONTROLLER_PORT
# FOLDER keeps its data: what was there before is there again. It listens on loopback. It ends, in
# order, on SIGTERM; its process id is that of this script.
# KAFKA_HEAP_OPTS are options of the Java machine; FOLDER/extra.properties, if there, is added to
# the broker's settings. Not for production: one broker keeps one copy.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=$1 port=$2 controller=$3
jars=$("$here/fetch.sh")
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"

mkdir -p "$folder"
cat > "$folder/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
log.dirs=$folder/data
num.network.threads=2
num.io.threads=4
# A topic that nobody made on purpose would forget after a week.
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# After a kill it may not come back before its old session is over.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
# Where nothing happens it writes that down, twice a second unless told otherwise.
metadata.max.idle.interval.ms=10000
END
[ ! -f "$folder/extra.properties" ] || cat "$folder/extra.properties" >> "$folder/server.properties"

set -- -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/*"
# Formatting takes as long as half a start, and ends alike but for the cluster's id: it is kept. So is
# what the Java machine made of the classes that were loaded: a quarter of each later start.
blank="${jars%/*}/formatted-${jars##*/jars-}"
classes="$blank/classes.jsa"
if [ ! -f "$folder/data/meta.properties" ]; then
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'xy' | cut -c 1-22)
    if [ ! -d "$blank" ]; then
        new=$(mktemp -d "$blank.XXXXXX")
        "$java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xlog:cds=off -Xlog:cds+dynamic=off \
            -XX:ArchiveClassesAtExit="$new/classes.jsa" "$@" kafka.tools.StorageTool format \
            --cluster-id "$id" --config "$folder/server.properties" >&2
        cp "$folder/data/"* "$new"
        [ -d "$blank" ] || mv "$new" "$blank" # another broker may have been quicker
    else
        mkdir -p "$folder/data"
        cp "$blank/bootstrap.checkpoint" "$folder/data"
        sed "s/^cluster.id=.*/cluster.id=$id/" "$blank/meta.properties" > "$folder/new.properties"
        mv "$folder/new.properties" "$folder/data/meta.properties"
    fi
fi

# shellcheck disable=SC2086 # several options in one variable
exec "$java" ${KAFKA_HEAP_OPTS:--Xms64m -Xmx256m} -XX:+UseSerialGC -Djava.awt.headless=true \
    -XX:SharedArchiveFile="$classes" -Xlog:cds=off -Xlog:cds+dynamic=off "$@" \
    kafka.Kafka "$folder/server.properties"
