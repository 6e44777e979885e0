# The life of the Debian package on a machine with systemd.
export DEBIAN_FRONTEND=noninteractive

packages() {
    # An unattended upgrade keeps settings that the operator changed.
    apt-get -qq --yes --no-install-recommends -o Dpkg::Options::=--force-confdef \
        -o Dpkg::Options::=--force-confold "$@" </dev/null 2>&1 | grep '^waypost: ' || true
}

echo '== install'
packages install /test/old.deb
state
answer
waypost --version
systemctl show --property NRestarts waypost
stat --format '%n %U:%G %a' /etc/waypost/waypost.toml
stat --format '%n %U:%G' /var/lib/waypost
getent passwd waypost | cut -d: -f1,6,7
stat --format %U "/proc/$(pid)"
(waypost admin link || true) 2>&1 >/dev/null | grep --only-matching 'run the command as waypost (runuser[^)]*)'
runuser -u waypost -- waypost admin link 2>/dev/null | cut -d= -f1
runuser -u waypost -- waypost db status 2>/dev/null
stat --format '%n %U:%G %a' /var/lib/waypost/waypost.sqlite

echo '== configure'
DOCUMENTED_CONFIGURE
runuser -u waypost -- waypost config path
answer

upgrade /test/new.deb
stat --format '%n %U:%G %a' /etc/waypost/waypost.toml
grep '^providers' /etc/waypost/waypost.toml
ls /etc/waypost

echo '== upgrade of a stopped service'
systemctl disable --now --quiet waypost
packages install --reinstall /test/new.deb
state
systemctl enable --quiet waypost

echo '== remove'
packages remove waypost
ls -d /opt/waypost /usr/bin/waypost /etc/waypost/* /var/lib/waypost 2>/dev/null || true
[ -z "$(find /proc -maxdepth 1 -user waypost)" ] && echo 'no process'

echo '== purge'
packages purge waypost
ls -d /opt/waypost /usr/bin/waypost /etc/waypost/* /var/lib/waypost 2>/dev/null || true
find /etc /lib/systemd /usr/lib /var/lib/systemd -name '*waypost*' -not -path '/etc/waypost*'
dpkg-query --list waypost 2>/dev/null | grep -c '^.i' || true
