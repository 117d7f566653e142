"""A web server on the hosts' bridge that serves installation scripts, and remembers what was asked of it."""

import http.server
import threading

#: As get.docker.com's does, and Rancher's: it reads its options, looks the version up among what the distribution has,
#: and installs the engine with apt. `%s` is what else it does.
SCRIPT = r"""#!/bin/sh
set -e
VERSION="${VERSION#v}"
while [ $# -gt 0 ]; do
	case "$1" in
		--channel) shift ;;
		--version) VERSION="${2#v}"; shift ;;
		--*) echo "Illegal option $1" ;;
	esac
	shift $(( $# > 0 ? 1 : 0 ))
done
command_exists() { command -v "$@" > /dev/null 2>&1; }
do_install() {
	echo "# Executing docker install script"
	if command_exists docker; then echo "Warning: the docker command appears to already exist"; sleep 20; fi
	user="$(id -un 2>/dev/null || true)"
	sh_c='sh -c'
	if [ "$user" != 'root' ]; then echo "Error: this installer needs the ability to run commands as root."; exit 1; fi
	lsb_dist="$(. /etc/os-release && echo "$ID")"
	[ "$lsb_dist" = debian ] || { echo "ERROR: Unsupported distribution '$lsb_dist'"; exit 1; }
	export DEBIAN_FRONTEND=noninteractive
	$sh_c 'apt-get -qq update >/dev/null'
	pkg_version=""
	if [ -n "$VERSION" ]; then
		pkg_pattern="$(echo "$VERSION" | sed 's/-ce-/~ce~.*/g' | sed 's/-/.*/g')"
		pkg_version="$(apt-cache madison docker.io | grep "$pkg_pattern" | head -1 | awk '{$1=$1};1' | cut -d' ' -f 3)"
		if [ -z "$pkg_version" ]; then echo "ERROR: '$VERSION' not found amongst apt-cache madison results"; exit 1; fi
		pkg_version="=$pkg_version"
	fi
	%s
	$sh_c "apt-get -y -qq install --no-install-recommends docker.io$pkg_version >/dev/null"
	echo "VERSION=$VERSION" >/etc/installed-by-script
}
# wrapped up in a function so that we have some protection against only getting half the file during "curl | sh"
do_install
"""


class ScriptServer:
    """`pages` maps a request's target, as it was sent, to a body, or to (status, headers, body); `asked` has the targets."""

    def __init__(self, address):
        self.pages = {}
        self.asked = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 30

            def do_GET(self):
                server.asked.append(self.path)
                page = server.pages.get(self.path, (404, {}, "exit 0 # Not Found\n"))
                status, headers, body = page if isinstance(page, tuple) else (200, {}, page)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{address}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
