# The checks of ./dev lint. Each runs in a shell of its own. Sourced by ./dev.

lint_layers() { python3 tools/check_layers.py; }

lint_tidy() { python3 tools/tidy; }

lint_format() { verb_format --check; }

lint_headers() {
    install_missing build test
    [ -e build/dev/build.ninja ] || timed "configuring dev" configure dev
    NINJA_STATUS='[%f/%t] ' ninja -C build/dev -j "$(job_count)" kith_headers_alone |
        every_tenth_part
}

# clang-tidy reads what the clang preset would compile; its findings are errors (.clang-tidy).
lint_deep() {
    install_missing build test clang deep-lint
    configure clang
    cpp_sources | grep '\.cpp$' | grep -v '_fuzz\.cpp$' |
        xargs -r -n 1 -P "$(job_count)" clang-tidy-14 --quiet -p build/clang \
            2> >(grep -v 'warnings generated' >&2)
}

cpp_sources() { git ls-files --cached --others --exclude-standard '*.h' '*.cpp'; }
