# A Debian package of the release, made with dpkg-deb alone. Sourced by ./dev.

PACKAGE_ROOT=build/package/root

# package_deb BINARY: prints the path of the package that it makes.
package_deb() {
    local binary=$1 version architecture deb
    version=$(sed -n 's/^project(kith VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
    architecture=$(dpkg --print-architecture)
    deb=build/package/kith_${version}_$architecture.deb

    rm -rf "$PACKAGE_ROOT"
    install_program "$binary"
    install_settings "$binary"
    install -D -m 644 -t "$PACKAGE_ROOT/usr/share/doc/kith" CHANGELOG.md
    install -D -m 644 LICENSE "$PACKAGE_ROOT/usr/share/doc/kith/copyright"
    describe_package "$version" "$architecture" "$(packages_linked "$binary")"
    dpkg-deb --root-owner-group --build "$PACKAGE_ROOT" "$deb" >&2
    echo "$deb"
}

install_program() {
    install -D -m 755 "$1" "$PACKAGE_ROOT/usr/bin/kith"
    strip --strip-debug "$PACKAGE_ROOT/usr/bin/kith"
    install -D -m 644 -t "$PACKAGE_ROOT/lib/systemd/system" packaging/systemd/kith.service
    install -D -m 644 packaging/systemd/kith.sysusers.conf \
        "$PACKAGE_ROOT/usr/lib/sysusers.d/kith.conf"
}

install_settings() {
    install -d -m 755 "$PACKAGE_ROOT/etc/kith"
    "$1" config reference >"$PACKAGE_ROOT/etc/kith/kith.toml"
    chmod 644 "$PACKAGE_ROOT/etc/kith/kith.toml"
}

# The Debian packages of the shared libraries, as a list with commas.
packages_linked() {
    ldd "$1" | awk '$2 == "=>" {print $3}' | xargs -r -n 1 readlink -f | sed 's#^/usr##' |
        while read -r library; do
            dpkg-query -S "*$library" 2>/dev/null | cut -d: -f1 | head -n 1
        done | sort -u | paste -sd, | sed 's/,/, /g'
}

describe_package() {
    install -d -m 755 "$PACKAGE_ROOT/DEBIAN"
    install -m 755 packaging/debian/postinst packaging/debian/prerm "$PACKAGE_ROOT/DEBIAN"
    echo /etc/kith/kith.toml >"$PACKAGE_ROOT/DEBIAN/conffiles"
    cat >"$PACKAGE_ROOT/DEBIAN/control" <<END
Package: kith
Version: $1
Architecture: $2
Maintainer: The Kith project
Installed-Size: $(du -ks "$PACKAGE_ROOT/usr" | cut -f1)
Depends: $3
Section: net
Priority: optional
Description: machine-to-machine platform in one program
 An MQTT 5.0 and 3.1.1 broker with a durable store, an HTTP API and a console,
 for gateways, vehicles and servers alike.
END
}
