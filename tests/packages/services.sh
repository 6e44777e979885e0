# The first three minutes of the guide with nginx, and all units of the Debian package.
export DEBIAN_FRONTEND=noninteractive
settings=/etc/waypost/waypost.toml
cd /test

# Runs the commands of its input, and shows what they print if one fails.
quietly() {
    cat > /tmp/commands
    bash -eu /tmp/commands </dev/null >/tmp/said 2>&1 || { echo "exit code $?"; cat /tmp/said; exit 1; }
}

# Prints the status code of a URL.
status() {
    curl --silent --output /dev/null --retry 30 --retry-connrefused --retry-delay 1 \
        --write-out "$1 %{http_code}\n" "$1" || true
}

# Prints what a pattern matches in the log of a unit, each text once.
logged() {
    journalctl --unit "$1" --output cat | grep --only-matching "$2" | sort --unique || true
}

# Waits until a command prints a text.
wait_for() {
    local text=$1
    shift
    for _ in $(seq 600); do
        [[ "$("$@")" == *"$text"* ]] && return
        sleep 0.1
    done
    echo "$*: no $text"
}

echo '== three commands'
# An operator answers the question of apt.
echo 'APT::Get::Assume-Yes "true";' > /etc/apt/apt.conf.d/test
quietly <<'COMMANDS'
update-ca-certificates
DOCUMENTED_FIRST_MINUTES
COMMANDS
answer https://autoconfig.example.com
state
systemctl is-active nginx
systemctl show --property StatusText waypost | sed 's/since .*/since/'
grep '^[^#]' $settings

echo '== warnings in the journal'
cp /etc/waypost/providers.toml /tmp/providers.toml
echo 'no TOML' >> /etc/waypost/providers.toml
wait_for 'providers file rejected' logged waypost '.*'
cp /tmp/providers.toml /etc/waypost/providers.toml
quietly <<'COMMANDS'
DOCUMENTED_WARNINGS
COMMANDS
grep --only-matching '"event": *"[^"]*"' /tmp/said | sort --unique
grep --only-matching '"level": *"[^"]*"' /tmp/said | sort --unique

echo '== sockets'
quietly <<'COMMANDS'
DOCUMENTED_SOCKETS
COMMANDS
state
state .socket
state -admin.socket
answer
status http://127.0.0.1:4244/healthz
logged waypost 'using a socket of the service manager[^"]*'
/usr/bin/python3 - <<'PYTHON'
# Requests in new connections, before, during and after a restart.
import subprocess, threading, time, urllib.request

URL = "http://127.0.0.1:4243/mail/config-v1.1.xml?emailaddress=alice@example.com"
good, lost, ended = [], [], threading.Event()

def ask():
    while not ended.is_set():
        try:
            with urllib.request.urlopen(URL, timeout=60) as response:
                good.append(b"imap.example.com" in response.read())
        except OSError as error:
            lost.append(str(error))

def wait_for_more(seconds=60):
    count, end = len(good), time.monotonic() + seconds
    while len(good) < count + 50 and time.monotonic() < end:
        time.sleep(0.01)
    return len(good) >= count + 50

threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads:
    thread.start()
before = wait_for_more()
subprocess.run(["systemctl", "restart", "waypost"], check=True)
after = wait_for_more()
ended.set()
for thread in threads:
    thread.join()
print("answers before and after the restart", before, after, "all good", all(good), "lost", lost)
PYTHON
systemctl stop waypost 2>/dev/null
# Each socket starts the service. The admin listener answers here only if it got its socket.
status http://127.0.0.1:4244/healthz
state
answer
systemctl disable --now --quiet waypost.socket waypost-admin.socket
systemctl restart waypost
state .socket
answer

echo '== admin listener'
echo 'admin_port = 0' >> $settings
quietly <<'COMMANDS'
DOCUMENTED_ADMIN
COMMANDS
state -admin
status http://127.0.0.1:4244/healthz
status http://127.0.0.1:4244/readyz
status http://127.0.0.1:4243/readyz
stat --format %U "/proc/$(pid -admin)"

echo '== monitor'
quietly <<'COMMANDS'
DOCUMENTED_MONITOR
COMMANDS
state -monitor
status http://127.0.0.1:4245/metrics
wait_for 'new finding' logged waypost-monitor '.*'
wait_for ' warnings' systemctl show --property StatusText waypost-monitor
# The commands again, now that the monitor has found something.
bash -eu /tmp/commands </dev/null >/tmp/said 2>&1
grep --only-matching '"code": "certificate-soon"' /tmp/said | sort --unique
sed -n 's/^ *Status: "[0-9].* warnings.*/status with numbers/p' /tmp/said

echo '== credentials'
mkdir -m 700 /etc/waypost/credentials
cd /etc/waypost/credentials
echo sqlite:////var/lib/waypost/secret.sqlite > db_uri
echo 0123456789abcdef0123456789abcdef > log_key
cp /etc/letsencrypt/live/autoconfig.example.com/{fullchain,privkey}.pem .
echo secret > ldap_password
chmod 600 ./*
cd /test
drop_in=$(sed -n '1s/^# //p' credentials.conf)
install -D -m 644 credentials.conf "$drop_in"
sed -i '/^providers = /d' $settings
quietly <<'COMMANDS'
systemctl daemon-reload
systemctl restart waypost
COMMANDS
state
answer
cat > /tmp/check <<'COMMANDS'
DOCUMENTED_CREDENTIALS
COMMANDS
sed 's#waypost db check#waypost apply /etc/waypost/providers.toml#' /tmp/check | quietly
wait_for 'answer 200' answer
answer
quietly < /tmp/check
logged waypost '"uri": "[^"]*secret.sqlite"'
logged waypost 'from /run/credentials/[^"]*'
curl --silent 'https://autoconfig.example.com/mobileconfig?emailaddress=alice@example.com' |
    openssl cms -verify -purpose any -inform DER -out /tmp/profile 2>&1
grep --only-matching imap.example.com /tmp/profile
runuser -u waypost -- cat /etc/waypost/credentials/db_uri 2>&1 || true

echo '== remove'
systemctl disable --now --quiet waypost-admin
systemctl stop waypost
systemctl enable --now --quiet waypost.socket waypost-admin.socket
answer
state
apt-get -qq --yes remove waypost </dev/null >/tmp/said 2>&1 || cat /tmp/said
for unit in waypost waypost.socket waypost-admin.socket waypost-monitor; do
    echo "$unit $(systemctl is-active $unit || true)"
done
[ -z "$(find /proc -maxdepth 1 -user waypost)" ] && echo 'no process'
