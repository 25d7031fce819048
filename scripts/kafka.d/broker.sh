# shellcheck shell=bash disable=SC2154 # root and parts are those of scripts/kafka
# Kafka brokers, each also a controller (KRaft, static voters). Sourced by scripts/kafka.

first_port=${CARDSTREAM_KAFKA_PORT:-19092}

node_dir() { echo "$root/brokers-$1/node-$2"; } # SIZE NODE
client_port() { echo $((first_port + $1 - 1)); }
controller_port() { echo $((first_port + 100 + $1 - 1)); }

# A door is one more way into each broker, for somebody who stands between: the broker listens here, and sends its
# clients there.
doors=${CARDSTREAM_KAFKA_DOORS:-0}

door_port() { echo $((first_port + 200 + 10 * $1 + $2 - 1)); }         # DOOR NODE
advertised_door_port() { echo $((first_port + 300 + 10 * $1 + $2 - 1)); } # DOOR NODE

# door_listeners prints a listener for each door, each after a comma.
door_listeners() { # NODE PORT-FUNCTION
    local door
    for ((door = 1; door <= doors; door++)); do
        printf ',DOOR%d://127.0.0.1:%d' "$door" "$("$2" "$door" "$1")"
    done
}

door_protocols() {
    local door
    for ((door = 1; door <= doors; door++)); do
        printf ',DOOR%d:PLAINTEXT' "$door"
    done
}

bootstrap() { # SIZE
    local node list=''
    for ((node = 1; node <= $1; node++)); do
        list+=,127.0.0.1:$(client_port "$node")
    done
    echo "${list#,}"
}

voters() { # SIZE
    local node list=''
    for ((node = 1; node <= $1; node++)); do
        list+=,$node@127.0.0.1:$(controller_port "$node")
    done
    echo "${list#,}"
}

# settings SIZE NODE prints server.properties: Kafka's defaults but for where things are, what one broker alone cannot
# replicate, and what keeps three brokers light on a small machine.
settings() {
    local copies=$1 in_sync=$(($1 == 1 ? 1 : 2))
    cat <<END
process.roles=broker,controller
node.id=$2
controller.quorum.voters=$(voters "$1")
listeners=CLIENT://127.0.0.1:$(client_port "$2"),CONTROLLER://127.0.0.1:$(controller_port "$2")$(door_listeners "$2" door_port)
advertised.listeners=CLIENT://127.0.0.1:$(client_port "$2")$(door_listeners "$2" advertised_door_port)
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT$(door_protocols)
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
log.dirs=$(node_dir "$1" "$2")/data

auto.create.topics.enable=false
default.replication.factor=$copies
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=10
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=10
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$in_sync
group.initial.rebalance.delay.ms=0

num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
log.cleaner.dedupe.buffer.size=33554432
END
}

# cluster_id DIR prints the id kept there, made up on first use: 16 random bytes in the form of Kafka's own, which
# never begins with a dash.
cluster_id() {
    local file=$1/cluster.id
    if [[ ! -s $file ]]; then
        mkdir -p -- "$1"
        head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' | sed 's/^-/A/' >"$file"
    fi
    cat -- "$file"
}

# start_broker SIZE NODE does not wait for it. It does nothing if that broker is running.
start_broker() {
    local dir java jars
    dir=$(node_dir "$1" "$2")
    ! is_running "$dir" || return 0
    require_port "$(client_port "$2")" CARDSTREAM_KAFKA_PORT
    require_port "$(controller_port "$2")" CARDSTREAM_KAFKA_PORT
    java=$(java_command)
    jars=$(jars broker "$parts/pom.xml" copy-dependencies)
    local run=(
        -Djava.awt.headless=true -Djava.net.preferIPv4Stack=true
        "-Dlog4j2.configurationFile=$parts/log4j2.properties" -cp "$jars/*"
    )
    mkdir -p -- "$dir"
    settings "$1" "$2" >"$dir/server.properties"
    if [[ ! -f $dir/data/meta.properties ]]; then
        "$java" "${run[@]}" kafka.tools.StorageTool format --config "$dir/server.properties" \
            --cluster-id "$(cluster_id "$(dirname -- "$dir")")" >"$dir/format.log" 2>&1 9>&- ||
            die "broker $2's storage cannot be formatted: $(tail -n 3 -- "$dir/format.log")"
    fi
    say "starting broker $2 of $1"
    local options
    read -ra options <<<"${CARDSTREAM_KAFKA_OPTIONS-$(default_options "$1")}"
    launch "$dir" "$java" -Xms256m "-Xmx${CARDSTREAM_KAFKA_HEAP:-768m}" -XX:+ExitOnOutOfMemoryError "${options[@]}" \
        "${run[@]}" kafka.Kafka "$dir/server.properties"
}

# default_options SIZE prints what else a broker's JVM is told. Three brokers on one machine live for minutes and share its
# few cores: its second compiler takes up to 40 % of them for as long, and what it makes is hardly used.
default_options() { [[ $1 == 1 ]] || echo -XX:TieredStopAtLevel=1; }

# broker_started DIR: the broker says so itself once the controllers let it serve.
broker_started() { grep -qs 'Kafka Server started' -- "$1/log"; }

# brokers_known NODE prints how many brokers this one names in a Metadata response (request version 1, no topics).
brokers_known() {
    local request='\0\0\0\x0e' # size 14, then: key 3, version 1, correlation 1, no client id, no topics
    request+='\0\x03\0\x01\0\0\0\x01\xff\xff\0\0\0\0'
    # shellcheck disable=SC2016 # the inner shell expands them
    timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "$1" >&3 && head -c 12 <&3 | tail -c 4 |
        od -An -tu1 | { read -r _ _ _ count; echo "$count"; }' "$(client_port "$1")" "$request" 2>/dev/null
}

knows_brokers() { [[ $(brokers_known "$1") -ge $2 ]] 2>/dev/null; } # NODE COUNT

await_broker() { # SIZE NODE
    await_up "$(node_dir "$1" "$2")" "broker $2" broker_started "$(node_dir "$1" "$2")"
    await_up "$(node_dir "$1" "$2")" "broker $2" knows_brokers "$2" 1
}

# start_cluster SIZE starts every broker that is not running and returns when each of them knows all.
start_cluster() {
    local node
    for ((node = 1; node <= $1; node++)); do
        start_broker "$1" "$node"
    done
    for ((node = 1; node <= $1; node++)); do
        await_broker "$1" "$node"
        await_up "$(node_dir "$1" "$node")" "broker $node" knows_brokers "$node" "$1"
    done
}
