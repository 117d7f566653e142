"""Hosts as a cloud makes them: real cloud-init runs on the user-data that the provider got, and on nothing else of ours."""

import json
import secrets

from host import BOOT_LIMIT, Host, ssh_answers

SEED = "var/lib/cloud/seed/nocloud"
NETWORK = "/usr/sbin/host_network"
ANY = "0.0.0.0/0"
CLOUD_INIT_LIMIT = 60  # seconds


class CloudHost(Host):
    """One instance of a cloud. It has no key, user or host key but those that cloud-init makes of `user_data`, and what the
    provider itself would deliver: `public_keys`, for the image's `default_user`.

    `addresses` are further ones that lead to it; `rules` is what may come in, as [(protocol, first port, last port, network)],
    with -1 for all ports and "all" for all protocols; None lets everything in.
    """

    def __init__(self, engine, *, user_data=b"", public_keys=(), instance_id=None, hostname=None, default_user="ubuntu",
                 kind="cloud-docker", addresses=(), rules=None, key=None, booting=False):
        self.user_data = user_data
        self.public_keys = tuple(public_keys)
        self.instance_id = instance_id or f"i-{secrets.token_hex(8)}"
        self.hostname = hostname or self.instance_id
        self._network = (tuple(addresses), None if rules is None else tuple(rules))
        self._booting = booting
        super().__init__(engine, kind, key or "/nonexistent", user=default_user, name=f"cloud-{secrets.token_hex(4)}")

    def _born_with(self):
        metadata = {"instance-id": self.instance_id, "local-hostname": self.hostname, "public-keys": list(self.public_keys)}
        image = {"system_info": {"default_user": {"name": self.user}}, "disable_root": self.user != "root", "locale": False}
        return [(f"{SEED}/user-data", self.user_data, 0o600),
                (f"{SEED}/meta-data", json.dumps(metadata).encode(), 0o600),
                ("etc/cloud/cloud.cfg.d/96-image.cfg", json.dumps(image).encode(), 0o644),
                (NETWORK[1:], network_script(*self._network).encode(), 0o755)]

    def start(self):
        """Starts the host; waits until its sshd answers, unless the host was made with `booting`."""
        self.boot()
        if not self._booting:
            self.wait_for_ssh()

    def boot(self):
        """Starts the host, and waits for nothing."""
        self.engine.docker("start", self.name)

    def reboot(self):
        """As the provider's reset button does."""
        self.engine.docker("restart", "--time", "20", self.name)

    def set_network(self, addresses=(), rules=None):
        """Other addresses and rules, at once if it runs, else from the next start on."""
        wanted = (tuple(addresses), None if rules is None else tuple(rules))
        if wanted == self._network:
            return
        self._network = wanted
        self._put([(NETWORK[1:], network_script(*wanted).encode(), 0o755)])
        if self.running:
            self.exec([NETWORK])

    def wait_for_ssh(self, limit=BOOT_LIMIT):
        """Waits until sshd says its name at the first of the host's addresses."""
        address = self._network[0][0] if self._network[0] else self.address
        self.wait_until(lambda: ssh_answers(address), "sshd answers", limit)

    def wait_for_cloud_init(self, limit=CLOUD_INIT_LIMIT):
        """Waits until cloud-init has done all; what it says of it: done, error or disabled, and its errors."""
        made = self.exec("cloud-init status --wait --long", check=False, timeout=limit)
        words = dict(line.split(": ", 1) for line in made.stdout.replace("\r", "").splitlines() if ": " in line)
        return words.get("status", "unknown").strip(". \n"), made.stdout


def network_script(addresses, rules):
    """The shell script that runs in the host at boot: its addresses, and a firewall as the provider's around it.

    The firewall stands in mangle, before docker's own rules turn a published port into another address.
    """
    lines = ["#!/bin/sh", "# Stands for the cloud's network, which is outside of the host.", "set -e",
             "for old in $(ip -4 -o address show dev eth0 | awk '$4 ~ \"/32\" {print $4}'); do"
             " ip address delete \"$old\" dev eth0; done"]
    lines += [f"ip address add {address}/32 dev eth0" for address in addresses]
    chain = [] if rules is None else firewall(rules)
    lines += ["iptables-restore --wait 10 --table mangle <<'RULES'", "*mangle", ":PREROUTING ACCEPT [0:0]", *chain, "COMMIT", "RULES", ""]
    return "\n".join(lines)


def firewall(rules):
    """iptables' lines that let in what the rules say, answers to what the host asked, and nothing else."""
    chain = []
    for protocol, first, last, network in rules:
        line = f"-A PREROUTING -i eth0 -s {network or ANY}"
        if protocol not in ("all", "-1"):
            line += f" -p {protocol}"
            if protocol in ("tcp", "udp") and first != -1:
                line += f" --dport {first}:{last}"
        chain.append(line + " -j ACCEPT")
    return [*chain, "-A PREROUTING -i eth0 -m conntrack --ctstate NEW -j DROP"]
