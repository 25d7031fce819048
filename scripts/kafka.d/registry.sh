# shellcheck shell=bash disable=SC2154 # root and parts are those of scripts/kafka
# The schema registry: Apicurio Registry, through its API that is compatible with Confluent's. Sourced by scripts/kafka.

registry_dir=$root/registry
registry_port=${CARDSTREAM_REGISTRY_PORT:-18081}

registry_url() { echo "http://127.0.0.1:$registry_port/apis/ccompat/v7"; }

# start_registry does not wait for it. It does nothing if the registry is running. Schemas are kept in a file, so that
# their ids stay those of the records in the topics.
start_registry() {
    local java jars
    ! is_running "$registry_dir" || return 0
    require_port "$registry_port" CARDSTREAM_REGISTRY_PORT
    java=$(java_command)
    jars=$(jars registry "$parts/registry.pom.xml" unpack)
    say "starting the registry"
    launch "$registry_dir" "$java" -Xmx384m -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
        -Dquarkus.http.host=127.0.0.1 "-Dquarkus.http.port=$registry_port" \
        -Dquarkus.http.access-log.enabled=false \
        "-Dapicurio.datasource.url=jdbc:h2:file:$registry_dir/data/registry" \
        -jar "$jars"/apicurio-registry-app-*-runner.jar
}

# registry_answers asks for the list of subjects: the port alone opens before the API does.
registry_answers() {
    # shellcheck disable=SC2016 # the inner shell expands them
    timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" &&
        printf "GET /apis/ccompat/v7/subjects HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n" >&3 &&
        head -n 1 <&3 | grep -q " 200 "' "$registry_port" 2>/dev/null
}

# await_registry starts it anew where it has ended, twice: it gives up when its database is not open after five seconds,
# and a busy machine can need more.
await_registry() {
    local again
    for again in 1 2; do
        if (await_up "$registry_dir" "the registry" registry_answers) 2>/dev/null; then
            return
        fi
        ! is_running "$registry_dir" || break
        say "the registry has ended while it started: start $again more"
        start_registry
    done
    await_up "$registry_dir" "the registry" registry_answers
}
