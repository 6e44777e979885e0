# What the scripts for both kinds of packages begin with. Each line of their output is checked.
set -euo pipefail
export LC_ALL=C.UTF-8

# Asks for the configuration of a user, at the service itself or at another URL.
answer() {
    /usr/bin/python3 - "${1:-http://127.0.0.1:4243}" <<'PYTHON'
import sys, time, urllib.error, urllib.request
url = f"{sys.argv[1]}/mail/config-v1.1.xml?emailaddress=alice@example.com"
for _ in range(300):
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            print("answer", response.status, b"imap.example.com" in response.read())
        break
    except urllib.error.HTTPError as error:
        print("answer", error.code)
        break
    except OSError:
        time.sleep(0.1)
else:
    print("no answer")
PYTHON
}

pid() {
    systemctl show --property MainPID --value "waypost${1:-}"
}

state() {
    local name="waypost${1:-}"
    echo "${name#waypost-} $(systemctl is-active "$name" || true) $(systemctl is-enabled "$name" || true)"
}

# Upgrades the package while the service and the monitor run.
upgrade() {
    echo '== upgrade'
    systemctl enable --now --quiet waypost-monitor
    local before monitor
    before=$(pid)
    monitor=$(pid -monitor)
    packages install "$1"
    waypost --version
    restarted '' "$before"
    restarted -monitor "$monitor"
    answer
}

# The state of a running service after an upgrade; `$2` is its process before.
restarted() {
    state "$1"
    [ "$(pid "$1")" != "$2" ] && echo 'restarted'
}
