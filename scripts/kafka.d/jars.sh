# shellcheck shell=bash disable=SC2154 # root and parts are those of scripts/kafka
# Java, and the jars by their Maven coordinates. Sourced by scripts/kafka.

# java_command prints the java to run with, or says which is missing.
java_command() {
    local java=${JAVA_HOME:+$JAVA_HOME/bin/}java version
    command -v "$java" >/dev/null ||
        die "Java is missing: install version 17 or newer (Debian: apt-get install openjdk-17-jre-headless)"
    version=$("$java" -XshowSettings:properties -version 2>&1 |
        sed -n 's/^ *java\.specification\.version = \([0-9]*\).*/\1/p')
    ((${version:-0} >= 17)) || die "$java is Java ${version:-?}: Kafka 4 needs version 17 or newer"
    echo "$java"
}

# jars NAME POM GOAL prints the directory with what the pom names, fetched on first use and again when the pom has
# changed. The goal is one of Maven's dependency plugin.
jars() {
    local dir fetched
    dir=$root/jars/$1-$(cksum <"$2" | cut -d' ' -f1)
    if [[ ! -d $dir ]]; then
        command -v mvn >/dev/null ||
            die "Maven is missing, which fetches the jars (Debian: apt-get install maven)"
        say "fetching the jars of the $1"
        fetched=$dir.partial
        rm -rf -- "$fetched" "$fetched.work"
        mvn --batch-mode --quiet --no-transfer-progress --file "$2" "dependency:$3" \
            -DincludeScope=runtime "-DoutputDirectory=$fetched" >&2 9>&- || die "Maven could not fetch what $2 names"
        mv -- "$fetched" "$dir"
        rm -rf -- "$fetched.work"
    fi
    echo "$dir"
}
