# Campaigns: long tests of a release node, in tests/campaign. Sourced by ./dev.

# campaign KIND OPTION...: builds what it needs, then becomes the campaign.
campaign() {
    local preset=release-test
    [ -e "build/$preset/build.ninja" ] || timed "configuring $preset" configure "$preset"
    timed "building what a campaign needs" \
        ninja -C "build/$preset" -j "$(job_count)" --quiet kith kith_powercut >&2
    KITH_BINARY=$PWD/build/$preset/kith exec /usr/bin/python3 tests/campaign "$@"
}
