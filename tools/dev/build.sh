# Building with CMake and ninja; the console is a part of that build. Sourced by ./dev.

groups_of_preset() {
    case $1 in
        release) ;;
        fuzz | clang) echo test clang ;;
        *) echo test ;;
    esac
}

build_preset() {
    local preset=$1 jobs
    jobs=$(job_count)
    [ -e "build/$preset/build.ninja" ] || timed "configuring $preset" configure "$preset"
    timed "building $preset with $jobs jobs" compile "$preset" "$jobs"
}

configure() {
    mkdir -p build
    cmake --preset "$1" >"build/configure-$1.log" 2>&1 || {
        cat "build/configure-$1.log"
        return 1
    }
}

compile() {
    if [ -t 1 ]; then
        NINJA_STATUS='[%f/%t %es] ' ninja -C "build/$1" -j "$2"
    else
        NINJA_STATUS='[%f/%t] ' ninja -C "build/$1" -j "$2" | every_tenth_part
    fi
}

# Of ninja's progress, a line for every tenth part of the work; everything else untouched.
every_tenth_part() {
    awk -F'[][/ ]' '!/^\[[0-9]+\/[0-9]+\]/ {print; fflush(); next}
        {part = int(10 * $2 / $3)} part != last || $2 == $3 {last = part; print; fflush()}'
}

# npm_install FOLDER: installs what package-lock.json names, if it changed since the last time.
npm_install() {
    local stamp=$1/node_modules/.kith-installed
    if [ ! -e "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ]; then
        timed "installing npm packages of $1" \
            npm --prefix "$1" ci --no-audit --no-fund --loglevel=error
        touch "$stamp"
    fi
}
