# What every verb of ./dev uses: speaking, help texts, options, measuring time and the machine.
# Sourced by ./dev.

say() { printf 'dev: %s\n' "$*"; }

die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

wrong_usage() {
    printf 'dev: %s\n' "$*" >&2
    exit 2
}

# The `#:` lines of a verb, the first with its usage; of all verbs, the first lines only.
help_of() { sed -n "/^#: $1\b/,/^[^#]/s/^#: \{0,1\}//p" dev | sed '1s/^/.\/dev /'; }
list_verbs() {
    echo "Kith: ./dev VERB [--help]"
    sed -n 's/^#: \([a-z]\)/\1/p' dev | awk -F '   *' '{printf "  %-36s %s\n", $1, $2}'
}
verb_exists() { [[ $1 =~ ^[a-z]+$ ]] && declare -F "verb_$1" >/dev/null; }

# True if --help or -h stands before a `--`.
wants_help() {
    local argument
    for argument in "$@"; do
        case $argument in
            --) return 1 ;;
            --help | -h) return 0 ;;
        esac
    done
    return 1
}

# has_option --NAME ARGUMENT...: true for `--NAME VALUE` and `--NAME=VALUE`.
has_option() {
    local name=$1 argument
    shift
    for argument in "$@"; do
        [[ $argument == "$name" || $argument == "$name="* ]] && return 0
    done
    return 1
}

# timed TEXT COMMAND...: announces, runs, tells how long it took; fails as the command does.
timed() {
    local text=$1 started=$SECONDS
    shift
    say "$text ..."
    "$@" || die "$text failed after $((SECONDS - started)) s"
    say "$text: done in $((SECONDS - started)) s"
}

# Compilers that may run at once: one a core, but 1.2 GB of free memory for each. A C++ file of this
# project needs up to that much with sanitizers, and swapping is slower than waiting.
job_count() {
    local cores memory_mb jobs
    cores=$(nproc)
    memory_mb=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
    jobs=$((memory_mb / 1200 < cores ? memory_mb / 1200 : cores))
    echo "${KITH_JOBS:-$((jobs > 0 ? jobs : 1))}"
}
