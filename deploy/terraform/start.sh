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

# install FILE MODE GROUP: the standard input becomes a file, whole or not at all.
put() {
    cat > "$1.new"
    chown "root:$3" "$1.new"
    chmod "$2" "$1.new"
    mv "$1.new" "$1"
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

install_package() {
    package=$(attribute package)
    attribute requirements | base64 -d | gunzip > /run/energyguard-requirements
    version=$(printf '%s\n' "$package" | cat - /run/energyguard-requirements | sha256sum | cut -c1-12)
    if [ -e "/opt/energyguard-$version/whole" ]; then return; fi
    packages update
    packages install python3-venv git unattended-upgrades
    new=/opt/energyguard-$version
    rm -rf "$new"
    python3 -m venv "$new"
    "$new/bin/pip" install --no-cache-dir --require-hashes -r /run/energyguard-requirements
    "$new/bin/pip" install --no-cache-dir --no-deps "energyguard @ $package"
    "$new/bin/energyguard" --version
    touch "$new/whole"
    ln -sfn "$new" /opt/energyguard.new
    mv -T /opt/energyguard.new /opt/energyguard
}

mount_data
attribute user | put /usr/lib/sysusers.d/energyguard.conf 0644 root
systemd-sysusers energyguard.conf
mkdir -p /etc/energyguard
attribute settings | put /etc/energyguard/cloud.toml 0640 energyguard
attribute unit | put /etc/systemd/system/energyguard-cloud.service 0644 root
installed=yes
(install_package) || installed=no
systemctl daemon-reload
systemctl restart energyguard-cloud
[ $installed = yes ] || { echo "start.sh: the package could not be installed: $(readlink /opt/energyguard) goes on" >&2; exit 1; }
