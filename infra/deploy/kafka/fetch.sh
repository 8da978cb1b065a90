#!/bin/sh
# Makes sure that Apache Kafka's jars are in build/kafka: prints their folder.
# Maven fetches them, from wherever it is set up to; pom.xml names the version. Needs Java 17 or
# newer and Maven; where one is missing, as root on Debian it is installed, elsewhere it says what
# to do and exits 1.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
version=$(sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' "$here/pom.xml")
jars="$root/build/kafka/jars-$version"
java="${JAVA_HOME:+$JAVA_HOME/bin/}java"

java_version() {
    "$java" -XshowSettings:properties -version 2>&1 |
        sed -n 's/^ *java.specification.version = //p'
}

missing() {
    found=$(java_version || true)
    case "$found" in
        "" | 1.*) echo "Java 17" ;;
        *) [ "$found" -ge 17 ] || echo "Java 17" ;;
    esac
    [ -d "$jars" ] || mvn --version >/dev/null 2>&1 || echo "Maven"
}

if [ -n "$(missing)" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Java and Maven for Apache Kafka." >&2
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
        default-jre-headless maven; } >&2 || echo "They could not be installed." >&2
fi

for what in $(missing | sed 's/ 17//'); do
    if [ "$what" = Java ]; then
        echo "Apache Kafka needs Java 17 or newer; '$java' is ${found:-not here}." >&2
    else
        echo "Apache Kafka's jars come through Maven; 'mvn' is not here." >&2
    fi
    echo "Install it (on Debian: apt-get install default-jre-headless maven)." >&2
done
[ -z "$(missing)" ]

if [ ! -d "$jars" ]; then
    # Moved into place when complete, so that a fetch broken off leaves nothing half there.
    mkdir -p "$root/build/kafka"
    new=$(mktemp -d "$root/build/kafka/new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    echo "Fetching Apache Kafka $version with Maven." >&2
    mvn --batch-mode --quiet --file "$here/pom.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$new/jars" >&2
    [ -d "$jars" ] || mv "$new/jars" "$jars" # another run may have been quicker
fi
echo "$jars"
