#!/bin/sh
# Installs and starts EnergyGuard's cloud on a machine of Google's (Debian 12), as root, at every
# start of the machine. What to install comes from the machine's metadata (main.tf). What is there
# already stays: a start needs no package index, and a version that cannot be installed leaves the
# one before it at work.
set -eu
METADATA=${METADATA:-http://metadata.google.internal/computeMetadata/v1/instance/attributes}
DISK=${DISK:-/dev/disk/by-id/google-energyguard}
DATA=/var/lib/energyguard

attribute() {
    curl --silent --show-error --fail --retry 5 --retry-connrefused \
        --header "Metadata-Flavor: Google" "$METADATA/energyguard-$1"
}

# put NAME FILE MODE GROUP: a file of the metadata, whole or not at all.
put() {
    attribute "$1" > "$2.new"
    chown "root:$4" "$2.new"
    chmod "$3" "$2.new"
    mv "$2.new" "$2"
}

packages() {
    DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes -o DPkg::Lock::Timeout=300 "$@"
}

mount_data() {
    if mountpoint --quiet $DATA; then return; fi
    blkid "$DISK" > /dev/null || mkfs.ext4 -q -L energyguard "$DISK"
    mkdir -p $DATA
    mount -o nodev,nosuid,noexec "$DISK" $DATA
}

# One step hangs on the one before: `set -e` does not count where somebody asks how it ended.
install_package() {
    package=$(attribute package) &&
        attribute requirements | base64 -d | gunzip > /run/energyguard-requirements &&
        version=$(printf '%s\n' "$package" | cat - /run/energyguard-requirements | sha256sum | cut -c1-12) ||
        return 1
    new=/opt/energyguard-$version
    if [ ! -e "$new/whole" ]; then
        packages update &&
            packages install python3-venv git unattended-upgrades &&
            python3 -m venv --clear "$new" &&
            "$new/bin/pip" install --no-cache-dir --require-hashes -r /run/energyguard-requirements &&
            "$new/bin/pip" install --no-cache-dir --no-deps --no-build-isolation "energyguard @ $package" &&
            "$new/bin/energyguard" --version &&
            touch "$new/whole" || return 1
    fi
    ln -sfn "$new" /opt/energyguard.new && mv -T /opt/energyguard.new /opt/energyguard
}

mount_data
put user /usr/lib/sysusers.d/energyguard.conf 0644 root
systemd-sysusers energyguard.conf
mkdir -p /etc/energyguard
put settings /etc/energyguard/cloud.toml 0640 energyguard
put unit /etc/systemd/system/energyguard-cloud.service 0644 root
fault=
install_package || fault="start.sh: the package could not be installed"
systemctl daemon-reload
systemctl restart energyguard-cloud
if [ -n "$fault" ]; then
    echo "$fault: $(readlink /opt/energyguard) goes on" >&2
    exit 1
fi
