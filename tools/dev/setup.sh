# Installing what is missing: Debian packages by group, from tools/packages.txt. Sourced by ./dev.

# install_missing GROUP...: instant when nothing is missing.
install_missing() {
    command -v dpkg-query >/dev/null || {
        say "not a Debian system: see to it that the packages of tools/packages.txt are there"
        return 0
    }
    local group missing
    for group in "$@"; do
        grep -qx "\[$group\]" tools/packages.txt ||
            wrong_usage "no group '$group' in tools/packages.txt"
    done
    mapfile -t missing < <(missing_packages $(packages_of "$@"))
    [ ${#missing[@]} -gt 0 ] || return 0
    say "missing: ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
        die "not root and no sudo; as root, run: apt-get install ${missing[*]}"
    timed "installing ${#missing[@]} packages" apt_install "${missing[@]}"
}

# The packages of the groups; Node.js only where there is none that is new enough.
packages_of() {
    local group
    for group in "$@"; do
        [[ $group == console ]] && has_node && continue
        sed -n "/^\[$group\]$/,/^\[/{/^[a-z0-9]/p}" tools/packages.txt
    done
}

# Node.js 18 is Debian 12's, and the oldest with which the console builds.
has_node() {
    command -v npm >/dev/null && command -v node >/dev/null &&
        node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'
}

missing_packages() {
    [ $# -gt 0 ] || return 0
    comm -23 <(printf '%s\n' "$@" | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
            sed -n 's/^installed //p' | sort -u)
}

apt_install() {
    mkdir -p build
    {
        as_root apt-get -qq update &&
            as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
                apt-get -qq -y install --no-install-recommends "$@"
    } >build/apt.log 2>&1 || {
        tail -n 30 build/apt.log
        return 1
    }
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Debian starts mosquitto when it is installed; it would take the port of a node on this machine.
install_mosquitto() {
    install_stopped compare mosquitto
}

# What ./dev compare mesh needs beside it.
install_mesh_peers() {
    install_stopped compare-mesh nats-server
}

# install_stopped GROUP SERVICE
install_stopped() {
    [ -z "$(missing_packages $(packages_of "$1"))" ] && return 0
    install_missing "$1"
    say "$2 is only measured here; stopping the service that Debian started"
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --now "$2.service"
    fi
}

# The browser is large; it is installed only where end-to-end tests exist to use it.
browser_group() {
    [ ! -e tests/e2e/package.json ] || command -v chromium >/dev/null || echo browser
}
