"""A small Internet out of network namespaces: a core router, sites behind gateways of every NAT class, hosts.

Addresses look public (RFC 5737, RFC 3849) and exist only inside the namespaces. All names start with the lab's own
prefix, and `close()` ends every process in them and removes them, also after a failure.

    core --- server        203.0.113.0/28, 2001:db8:0::/64   (a host directly on the core)
     |
     +------ gateway 1     198.51.100.16/28, 2001:db8:1::/64 --- LAN 192.168.1.0/24 --- hosts
     +------ gateway 2     198.51.100.32/28, 2001:db8:2::/64 --- LAN 192.168.2.0/24 --- hosts
"""

import contextlib
import ctypes
import itertools
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

# From <sched.h>; Python has os.setns from 3.12 on.
CLONE_NEWNET = 0x40000000

_numbers = itertools.count(1)


class LabError(Exception):
    """A command of the lab's own failed."""


def run(*words, stdin=None):
    """Runs a command to its end and returns what it printed; a failure is an error that shows it."""
    done = subprocess.run(words, input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}\n{stdin or ''}")
    return done.stdout


class Namespace:
    """One network namespace: a host or a router."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.full_name = f"{lab.prefix}{name}"
        self.addresses = []
        run("ip", "netns", "add", self.full_name)
        self.ip("link", "set", "lo", "up")
        # A fresh namespace would send bridged frames through the IP filter and NAT.
        self.sysctl("net.bridge.bridge-nf-call-iptables", 0, may_fail=True)
        self.sysctl("net.ipv6.conf.all.accept_dad", 0)
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)

    def exec(self, *words, stdin=None):
        return run("ip", "netns", "exec", self.full_name, *map(str, words), stdin=stdin)

    def ip(self, *words):
        return run("ip", "-n", self.full_name, *map(str, words))

    def nft(self, rules):
        self.exec("nft", "-f", "-", stdin=rules)

    def sysctl(self, key, value, may_fail=False):
        try:
            self.exec("sysctl", "-qw", f"{key}={value}")
        except LabError:
            if not may_fail:
                raise

    def popen(self, *words, **options):
        """Starts a program inside; the lab ends it at the latest when it closes."""
        return subprocess.Popen(["ip", "netns", "exec", self.full_name, *map(str, words)], **options)

    def add_address(self, device, address, length):
        self.ip("addr", "add", f"{address}/{length}", "dev", device, *(["nodad"] if ":" in address else []))
        self.addresses.append(address)

    def use_name_server(self, address):
        """Programs inside ask this name server: `ip netns exec` mounts the file over the machine's own."""
        self.settings.mkdir(parents=True, exist_ok=True)
        (self.settings / "resolv.conf").write_text(f"nameserver {address}\noptions timeout:1\n")

    @property
    def settings(self):
        return pathlib.Path("/etc/netns") / self.full_name

    def become_router(self):
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.sysctl(key, 1)

    @contextlib.contextmanager
    def entered(self):
        """The calling thread works inside the namespace; sockets that it makes stay there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.full_name}") as inside:
            if libc.setns(inside.fileno(), CLONE_NEWNET) != 0:
                raise LabError(f"setns {self.full_name}: {os.strerror(ctypes.get_errno())}")
            try:
                yield
            finally:
                if libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                    raise SystemExit("a thread cannot leave its network namespace")

    def socket(self, *words):
        with self.entered():
            return socket.socket(*words)

    def processes(self):
        done = subprocess.run(["ip", "netns", "pids", self.full_name], capture_output=True, text=True)
        return [int(word) for word in done.stdout.split()]


class Lab:
    """The whole of it; use it as a context manager.

    `directory` is for the files of programs that run on its routers.
    """

    # Where the sites are; miniupnpd maps no port at an address that is kept for documentation.
    site_network = "198.51.100."

    def __init__(self, directory=None):
        self.directory = directory
        self.prefix = f"cw{os.getpid() % 100000}n{next(_numbers)}-"
        self.namespaces = []
        self.sites = 0
        try:
            self.core = self.namespace("core")
            self.core.become_router()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def namespace(self, name):
        created = Namespace(self, name)
        self.namespaces.append(created)
        return created

    def connect(self, left, left_device, right, right_device):
        """A cable between two namespaces, both ends up."""
        number = next(_numbers)
        ends = (f"cwa{os.getpid() % 100000}x{number}", f"cwb{os.getpid() % 100000}x{number}")
        run("ip", "link", "add", "name", ends[0], "type", "veth", "peer", "name", ends[1])
        for end, space, device in ((ends[0], left, left_device), (ends[1], right, right_device)):
            run("ip", "link", "set", end, "netns", space.full_name)
            space.ip("link", "set", end, "name", device)
            space.ip("link", "set", device, "up")

    def attach(self, space, ipv4=True, ipv6=False, second=False):
        """Gives a namespace an uplink `wan` on the core with public addresses, and returns its IPv4 and IPv6 ones."""
        site = self.sites
        self.sites += 1
        network = "203.0.113." if site == 0 else self.site_network
        base = 16 * site
        device = f"site{site}"
        self.connect(self.core, device, space, "wan")
        address4, address6 = f"{network}{base + 2}", f"2001:db8:{site}::2"
        if ipv4:
            self.core.add_address(device, f"{network}{base + 1}", 28)
            space.add_address("wan", address4, 28)
            space.ip("route", "add", "default", "via", f"{network}{base + 1}")
            if second:
                space.add_address("wan", f"{network}{base + 3}", 28)
        if ipv6:
            self.core.add_address(device, f"2001:db8:{site}::1", 64)
            space.add_address("wan", address6, 64)
            space.ip("route", "add", "default", "via", f"2001:db8:{site}::1")
            if second:
                space.add_address("wan", f"2001:db8:{site}::3", 64)
        return address4, address6

    def server(self, name="server", **options):
        """A host with public addresses, two of each family so that it can serve RFC 5780."""
        space = self.namespace(name)
        space.ipv4, space.ipv6 = self.attach(space, second=True, **options)
        return space

    def gateway(self, name, nat="eim", outer=None, **options):
        """A router with `wan` on the core (or in another gateway's LAN) and a bridge `lan`; see nat.py for `nat`."""
        import nat as nat_rules

        space = self.namespace(name)
        space.become_router()
        space.number = len(self.namespaces)
        lan4 = options.pop("lan4", f"192.168.{space.number}.")
        ipv6 = options.pop("ipv6", False)
        ipv4 = options.pop("ipv4", True)
        space.ip("link", "add", "name", "lan", "type", "bridge")
        space.ip("link", "set", "lan", "up")
        space.lan4, space.lan6, space.hosts = (lan4 if ipv4 else None), None, 0
        if ipv4:
            space.add_address("lan", f"{lan4}1", 24)
        if outer is None:
            space.ipv4, space.ipv6 = self.attach(space, ipv4=ipv4, ipv6=ipv6)
        else:
            self.join_lan(outer, space, "wan")
            space.ipv4, space.ipv6 = space.addresses[-1], None
        if ipv6:
            site = space.ipv6.split(":")[2]
            space.lan6 = f"2001:db8:{site}:1::"
            space.add_address("lan", f"{space.lan6}1", 64)
            self.core.ip("route", "add", f"{space.lan6}/64", "via", space.ipv6)
        space.nft(nat_rules.ruleset(nat, wan4=space.ipv4, lan4=f"{lan4}0/24", **options))
        return space

    def join_lan(self, gateway, space, device, metric=None):
        """Plugs a namespace into a gateway's LAN, with addresses and a default route; the route of the least metric is used."""
        gateway.hosts += 1
        port = f"port{gateway.hosts}"
        self.connect(gateway, port, space, device)
        gateway.ip("link", "set", port, "master", "lan")
        preference = ["metric", metric] if metric else []
        if gateway.lan6:
            space.add_address(device, f"{gateway.lan6}{10 + gateway.hosts}", 64)
            space.ip("route", "add", "default", "via", f"{gateway.lan6}1", "dev", device, *preference)
        if gateway.lan4:
            space.add_address(device, f"{gateway.lan4}{10 + gateway.hosts}", 24)
            space.ip("route", "add", "default", "via", f"{gateway.lan4}1", "dev", device, *preference)

    def host(self, name, gateway):
        """A host in a gateway's LAN."""
        space = self.namespace(name)
        space.gateway = gateway
        self.join_lan(gateway, space, "eth0")
        return space

    def close(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            pids = [pid for space in self.namespaces for pid in space.processes()]
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            deadline = time.monotonic() + 3
            while pids and time.monotonic() < deadline and any(space.processes() for space in self.namespaces):
                time.sleep(0.05)
        for space in self.namespaces:
            subprocess.run(["ip", "netns", "del", space.full_name], capture_output=True)
            shutil.rmtree(space.settings, ignore_errors=True)
        self.namespaces = []


def is_possible():
    """Why the lab cannot be built here, or None when it can."""
    if os.geteuid() != 0:
        return "the lab of network namespaces needs root"
    for program in ("ip", "nft", "sysctl"):
        if subprocess.run(["which", program], capture_output=True).returncode != 0:
            return f"the lab needs the program {program}"
    return None
