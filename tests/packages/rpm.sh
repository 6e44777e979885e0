# The life of the RPM on a machine with systemd. /test/base.rpm provides what RPM systems have.
packages() {
    dnf --assumeyes "$@" </dev/null >/tmp/dnf 2>&1 || cat /tmp/dnf
    grep '^waypost: ' /tmp/dnf || true
}

echo '== install'
packages install /test/base.rpm
packages install /test/old.rpm
state
waypost --version
rpm --verify waypost
stat --format '%n %U:%G %a' /etc/waypost/waypost.toml
stat --format '%n %U:%G' /var/lib/waypost
getent passwd waypost | cut -d: -f1,6,7

echo '== configure'
DOCUMENTED_CONFIGURE
state
answer
stat --format %U "/proc/$(pid)"

upgrade /test/new.rpm
ls /etc/waypost
grep '^providers' /etc/waypost/waypost.toml
rpm --verify waypost || true

echo '== remove'
packages remove waypost
ls -d /opt/waypost /usr/bin/waypost /etc/waypost/* /var/lib/waypost 2>/dev/null || true
[ -z "$(find /proc -maxdepth 1 -user waypost)" ] && echo 'no process'
find /etc/systemd /usr/lib -name '*waypost*'
