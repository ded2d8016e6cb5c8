"""miniupnpd on a router of the lab: the gateway that lets its LAN ask for ports by PCP, NAT-PMP and UPnP IGD."""

import ipaddress
import re
import subprocess

from programs import wait_until

PCP, NAT_PMP, UPNP = "pcp", "nat-pmp", "upnp"
# PCP (RFC 6887 §7.1) and NAT-PMP (RFC 6886 §3.5) share a port and begin with their version; miniupnpd has one switch for both.
_VERSIONS = {PCP: 2, NAT_PMP: 0}

# What it lets through has a chain in the router's own filter, and what it translates a table of its own.
_CHAIN = """
table inet filter { chain miniupnpd { }; }
insert rule inet filter forward jump miniupnpd
"""
_TABLE = """
flush chain inet filter miniupnpd
table inet miniupnpd {
  chain prerouting { type nat hook prerouting priority -101; policy accept; jump prerouting_miniupnpd; }
  chain prerouting_miniupnpd { }
  chain postrouting { type nat hook postrouting priority 99; policy accept; jump postrouting_miniupnpd; }
  chain postrouting_miniupnpd { }
}
"""


class Miniupnpd:
    """Runs until the lab closes; `protocols` are those that it answers, `lifetime` is the longest that PCP and NAT-PMP get."""

    def __init__(self, router, protocols=(PCP, NAT_PMP, UPNP), lifetime=86400):
        self.router = router
        self.configuration = router.lab.directory / f"{router.name}-miniupnpd.conf"
        self.log = self.configuration.with_suffix(".log")

        def answer(is_wanted):
            return "yes" if is_wanted else "no"
        # `allow` has the ports outside, who may ask, and the ports inside.
        self.configuration.write_text("\n".join([
            "ext_ifname=wan", "listening_ip=lan", f"enable_natpmp={answer({PCP, NAT_PMP} & set(protocols))}",
            f"enable_upnp={answer(UPNP in protocols)}", "secure_mode=yes", "min_lifetime=5", f"max_lifetime={lifetime}",
            "uuid=00000000-0000-0000-0000-000000000000", "http_port=5000", "upnp_table_name=filter",
            "upnp_nat_table_name=miniupnpd", "allow 1024-65535 0.0.0.0/0 1024-65535", "deny 0-65535 0.0.0.0/0 0-65535", ""]))
        unspoken = [version for protocol, version in _VERSIONS.items() if protocol not in protocols]
        if unspoken:
            rules = "\n".join(f"    udp dport 5351 @th,64,8 {version} drop" for version in unspoken)
            router.nft(
                "table inet unspoken {\n  chain input {\n    type filter hook input priority -10; policy accept;\n" + rules
                + "\n  }\n}\n")
        router.nft(_CHAIN)
        self._start()

    def _start(self):
        self.router.nft(_TABLE)
        self.process = self.router.popen(
            "miniupnpd", "-d", "-f", self.configuration, "-P", self.configuration.with_suffix(".pid"),
            stdout=self.log.open("a"), stderr=subprocess.STDOUT)

    def restart(self):
        """Ends the program and starts it anew; like a router's memory, its rules are gone."""
        self.process.terminate()
        self.process.wait(5)
        self.router.nft("delete table inet miniupnpd\n")
        self._start()

    def ports(self):
        """The ports outside that lead to a host inside, as the kernel's rules have it: {port: "address:port"}."""
        rules = self.router.exec("nft", "list", "table", "inet", "miniupnpd")
        return {int(port): target for port, target in re.findall(r"th dport (\d+) dnat ip to (\S+)", rules)}

    def pinholes(self):
        """The IPv6 addresses and ports that are let in: {(address, port)}."""
        rules = self.router.exec("nft", "list", "chain", "inet", "filter", "miniupnpd")
        # nft shows the destination, at bit 192 of the header, as a number.
        found = re.findall(r"th dport (\d+) @nh,192,128 (0x[0-9a-f]+)", rules)
        return {(str(ipaddress.IPv6Address(int(address, 16))), int(port)) for port, address in found}

    def wait_for(self, check, seconds, what):
        """Waits until `check` says of `ports()` what is wished, and returns that."""
        return wait_until(lambda: check(self.ports()), seconds, what)
