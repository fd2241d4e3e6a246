# Fuzzing with libFuzzer. A target x_fuzz has its corpus in fuzz/x. Sourced by ./dev.

# fuzz_all SECONDS [TARGET...]: every target, or those named, then the canary.
fuzz_all() {
    local seconds=$1 target failed=()
    shift
    [ $# -gt 0 ] || set -- $(fuzz_targets)
    for target in "$@"; do
        [ -n "$(fuzzer_of "$target")" ] ||
            wrong_usage "no target '$target'; there are: $(fuzz_targets | xargs)"
    done
    for target in "$@"; do
        say "fuzzing $target for $seconds s ..."
        fuzz_one "$target" "$seconds" || failed+=("$target")
    done
    canary_crashes || failed+=("canary, which did not crash")
    [ ${#failed[@]} -eq 0 ] || die "fuzz: found something: ${failed[*]}; see build/fuzz/findings"
    say "fuzz: nothing found by $# targets, and the canary crashed as it must"
}

# The targets of a group, one after the other.
fuzz_group() {
    case $1 in
        codec)
            echo beacon dns_message jwt member_certificate mesh_frame mqtt_decoder proxy_header \
                scram websocket_codec
            ;;
        session) echo session ;;
        mesh) echo mesh_join ;;
        config) echo config topic_rules ;;
        http) echo api_request request_parser ;;
        *) return 1 ;;
    esac
}

fuzz_targets() {
    find build/fuzz -type f -name '*_fuzz' -printf '%f\n' | grep -v '^canary_fuzz$' | sort
}

fuzzer_of() { find build/fuzz -type f -name "${1%_fuzz}_fuzz" -print -quit; }

# fuzz_one TARGET SECONDS: inputs that reach new code are kept in build/fuzz/corpora.
fuzz_one() {
    local subject=${1%_fuzz} fuzzer log status=0
    fuzzer=$(fuzzer_of "$1")
    log=build/fuzz/$subject.log
    mkdir -p "build/fuzz/corpora/$subject" build/fuzz/findings
    [ ! -d "fuzz/$subject" ] || set -- "$@" "fuzz/$subject"
    "$fuzzer" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/findings/$subject-" "build/fuzz/corpora/$subject" "${@:3}" \
        >"$log" 2>&1 || status=1
    [ $status -eq 0 ] || tail -n 60 "$log"
    sed -n 's/^stat::\(number_of_executed_units\|new_units_added\): */  \1 /p' "$log"
    return $status
}

# fuzz_minimize TARGET...: fuzz/x becomes what is needed of it and of what was learned since.
fuzz_minimize() {
    local subject smaller
    [ $# -gt 0 ] || set -- $(fuzz_targets)
    for subject in "${@%_fuzz}"; do
        smaller=build/fuzz/minimized/$subject
        rm -rf "$smaller" && mkdir -p "$smaller" "build/fuzz/corpora/$subject" "fuzz/$subject"
        "$(fuzzer_of "$subject")" -merge=1 -max_len=4096 "$smaller" "fuzz/$subject" \
            "build/fuzz/corpora/$subject" >"build/fuzz/$subject.merge.log" 2>&1 ||
            die "$subject cannot be minimized; see build/fuzz/$subject.merge.log"
        say "$subject: $(ls "fuzz/$subject" | wc -l) inputs, $(ls "$smaller" | wc -l) are enough"
        rm -rf "fuzz/$subject" && mv "$smaller" "fuzz/$subject"
    done
}

# Its findings are no findings: they go where nobody looks.
canary_crashes() {
    local folder=build/fuzz/canary
    mkdir -p "$folder"
    ! "$(fuzzer_of canary)" -max_total_time=60 -verbosity=0 -artifact_prefix="$folder/" \
        fuzz/canary >"$folder/log" 2>&1 && grep -q 'heap-buffer-overflow' "$folder/log"
}
