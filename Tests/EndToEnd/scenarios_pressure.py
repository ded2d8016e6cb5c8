"""A full search for ports under gateways that remember little: what it costs the others who live behind them."""

import socket
import threading
import time

import scenarios_topology as topology
from programs import wait_until

# What a small home router remembers.
ENTRIES = 1024
# A neighbour sends a datagram in a flow that lasts, and opens another flow, every so many seconds.
LASTING, OPENING = 0.05, 0.5
# A search is over when for so long hardly a probe was sent, and takes no longer than the second.
QUIET, LONGEST = 4, 60
ECHO_PORT = 7


def small_tables(lab):
    """EIM against APDM with small tables, a neighbour in each LAN, and nothing that ever gets from one side to the other."""
    built = topology.pair("eim", "apdm")(lab)
    routers = built.routers["a"], built.routers["b"]
    for router in routers:
        # The kernel's own limit is the machine's; here a new flow is refused when the table would be full.
        router.nft(
            "table inet small {\n  chain forward {\n    type filter hook forward priority -30; policy accept;\n"
            f"    ct state new ct count over {ENTRIES} drop\n  }}\n}}\n")
    rules = "\n".join(
        f"ip saddr {a.ipv4} ip daddr {b.ipv4} meta l4proto udp drop" for a, b in (routers, reversed(routers)))
    lab.core.nft(
        f"table inet never {{\n chain forward {{\n type filter hook forward priority 0; policy accept;\n{rules}\n }}\n}}\n")
    echo = built.server.socket(socket.AF_INET, socket.SOCK_DGRAM)
    echo.bind((topology.SERVER4, ECHO_PORT))
    threading.Thread(target=_echo, args=(echo,), daemon=True).start()
    built.services["neighbours"] = [Neighbour(lab.host(f"neighbour-{name}", built.routers[name])) for name in ("a", "b")]
    return built


def _echo(service):
    while True:
        service.sendto(*service.recvfrom(1500))


class Neighbour:
    """A host with traffic of its own: a datagram and its answer at a time, in one flow that lasts and in ever new ones."""

    def __init__(self, host):
        self.host = host
        self.sent, self.answered = 0, 0
        self._is_open = False

    def __enter__(self):
        self._is_open = True
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._last, self._open)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_open = False
        for thread in self._threads:
            thread.join(3)

    def _last(self):
        with self._flow() as flow:
            while self._is_open:
                self._exchange(flow)
                time.sleep(LASTING)

    def _open(self):
        while self._is_open:
            with self._flow() as flow:
                self._exchange(flow)
            time.sleep(OPENING)

    def _flow(self):
        flow = self.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        flow.connect((topology.SERVER4, ECHO_PORT))
        flow.settimeout(1)
        return flow

    def _exchange(self, flow):
        self.sent += 1
        flow.send(b"neighbour")
        try:
            flow.recv(1500)
            self.answered += 1
        except TimeoutError:
            pass


class TableWatch:
    """Looks at how many flows a router remembers; `most` is the largest number seen."""

    def __init__(self, router):
        self.router, self.most = router, 0

    def look(self):
        self.most = max(self.most, int(self.router.exec("conntrack", "-C")))


def is_survived(run, result):
    """The search runs to its end without success: no table fills up, and the neighbours lose nothing."""
    watches = [TableWatch(run.topology.routers[name]) for name in ("a", "b")]
    first, second = run.topology.services["neighbours"]
    with first, second:
        run.start()
        probes = [(time.monotonic(), 0)]

        def is_over():
            for watch in watches:
                watch.look()
            now = time.monotonic()
            probes.append((now, sum(capture.count("disco") for capture in run.captures)))
            before = [count for moment, count in probes if moment < now - QUIET]
            return before and before[-1] > 100 and probes[-1][1] - before[-1] < 20

        wait_until(is_over, LONGEST, "the search ends")
        result.verdict = run.judge()
        result.first_byte = run.service.arrivals[0][1] - run.stream.sent[0]
    result.expect(result.verdict == "relay", f"it ended {result.verdict}, though nothing gets through")
    run.finish(result)
    for watch, neighbour in zip(watches, (first, second)):
        result.expect(
            watch.most < ENTRIES, f"{watch.router.name} had to remember {watch.most} flows of {ENTRIES}")
        result.expect(
            neighbour.sent - neighbour.answered == 0,
            f"a neighbour lost {neighbour.sent - neighbour.answered} of {neighbour.sent} datagrams")
    result.note = f"at most {watches[0].most} and {watches[1].most} of {ENTRIES} entries"
