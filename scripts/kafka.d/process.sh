# shellcheck shell=bash disable=SC2154 # root and parts are those of scripts/kafka
# Processes in the background, each with a directory of its own: pid and log beneath it. Sourced by scripts/kafka.

say() { echo "kafka: $*" >&2; }

die() {
    say "$*"
    exit 1
}

usage_error() {
    say "$*"
    usage >&2
    exit 2
}

# lock lets one scripts/kafka at a time change anything: test processes call it side by side. The lock is file
# descriptor 9, which nothing left running may inherit.
lock() {
    command -v flock >/dev/null || die "flock is missing (Debian: apt-get install util-linux)"
    mkdir -p -- "$root"
    exec 9>"$root/lock"
    flock --timeout 600 9 || die "another scripts/kafka has held $root/lock for ten minutes"
}

# require_port PORT VARIABLE dies if something listens there already; the variable is what chooses another port. A process
# that was killed a moment ago may still hold its port.
require_port() {
    local i
    for ((i = 0; i < 100; i++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
        sleep 0.1
    done
    die "port $1 is in use by another program: $2 chooses another"
}

# launch DIR COMMAND... runs a java command in the background, detached from this terminal. The marker on its command
# line is how is_running knows its own from a stranger that was given the same pid later.
launch() {
    local dir=$1
    shift
    mkdir -p -- "$dir"
    [[ ! -f $dir/log ]] || mv -f -- "$dir/log" "$dir/log.1"
    (
        cd -- "$dir" || exit
        exec setsid "$1" "-Dcardstream.process=$dir" "${@:2}" </dev/null >"$dir/log" 2>&1 9>&-
    ) &
    echo $! >"$dir/pid"
    # Until the subshell has become that command it is a stranger to is_running, for long where the machine is busy.
    local i
    for ((i = 0; i < 200; i++)); do
        if is_running "$dir" || ! kill -0 "$!" 2>/dev/null; then
            return
        fi
        sleep 0.05
    done
}

# is_running DIR tells whether what launch started there is alive.
is_running() {
    local pid
    pid=$(cat -- "$1/pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    if [[ -r /proc/$pid/cmdline ]]; then
        tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF -- "-Dcardstream.process=$1"
    else
        ps -p "$pid" -o args= 2>/dev/null | grep -qF -- "-Dcardstream.process=$1 "
    fi
}

signal() { # SIGNAL DIR
    if is_running "$2"; then
        kill -s "$1" -- "$(cat -- "$2/pid")" 2>/dev/null || true
    fi
}

# await_end DIR waits until it is gone; after 20 s it is killed. Brokers that end together lose their controllers'
# majority and can wait for it in vain.
await_end() {
    local i
    for ((i = 0; i < 200; i++)); do
        if ! is_running "$1"; then
            rm -f -- "$1/pid"
            return
        fi
        sleep 0.1
    done
    signal KILL "$1"
    while is_running "$1"; do sleep 0.1; done
    rm -f -- "$1/pid"
}

# await_up DIR WHAT COMMAND... runs the command until it succeeds; it gives up if the process ends, or after two minutes.
await_up() {
    local dir=$1 what=$2 i
    shift 2
    for ((i = 0; i < 1200; i++)); do
        if ! is_running "$dir"; then
            tail -n 20 -- "$dir/log" >&2
            die "$what ended while it started; its log is $dir/log"
        fi
        if "$@"; then
            return
        fi
        sleep 0.1
    done
    die "$what does not answer after two minutes; its log is $dir/log"
}

show() { # WHAT DIR WHERE
    if is_running "$2"; then
        echo "$1: running, pid $(cat -- "$2/pid"), $3, log $2/log"
    else
        echo "$1: not running"
        return 1
    fi
}
