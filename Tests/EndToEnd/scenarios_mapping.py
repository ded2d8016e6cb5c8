"""The stories of gateways that may be asked for a port: what is looked at beside the path that the stream takes."""

import json
import socket
import time

import nat64
from programs import ProgramError, run as run_program, wait_until
from scenarios_run import TO_DIRECT

# A mapping is there, or gone, within this.
SOON = 5
# How long a short lease is watched, and what it lasts: the lab's clock for several renewals.
WATCHED, SHORT_LEASE = 20, 8
# The largest resident set, in kilobytes, of a node whose gateway sends what it likes; a quiet node has less than half of it.
MEMORY = 120_000
KNOCK = b"knock"


def mapping_of(run):
    """Bob's mapping as his node tells it, once it has one: (protocol, address, port)."""
    def told():
        gateway = (run.bob.status() or {}).get("gateway") or {}
        return "mapped" in gateway and (gateway["method"], *gateway["mapped"].rsplit(":", 1))
    method, address, port = wait_until(told, SOON, "the node tells of a mapping")
    return method, address, int(port)


def reaches(run, address, port):
    """Whether a datagram from a stranger to an address and port outside comes to Bob's machine."""
    begin = time.monotonic()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with run.topology.server.socket(family, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(KNOCK, (address, port))
    def seen():
        return any(
            packet.time > begin and not packet.is_outgoing and packet.size == len(KNOCK)
            and packet.party in run.topology.server_addresses for packet in list(run.captures[1].packets))
    try:
        return wait_until(seen, 1, "the knock is heard")
    except ProgramError:
        return False


def _check_mapping(run, result, method):
    """The node, the kernel's rules and a stranger outside agree on the mapping; answers its port."""
    told, address, port = mapping_of(run)
    result.expect(told == method, f"it was mapped by {told}, not by {method}")
    result.expect(address == run.topology.routers["b"].ipv4, f"the mapping is said to be at {address}")
    target = run.topology.services["b"].ports().get(port, "")
    result.expect(target.split(":")[0] in run.topology.bob.addresses, f"port {port} leads to {target or 'nobody'}")
    result.expect(reaches(run, address, port), "a stranger's datagram to the mapped port does not come in")
    return port


def _check_removal(run, result):
    """The node ends, and so does the mapping."""
    run.bob.stop()
    try:
        run.topology.services["b"].wait_for(lambda ports: not ports, SOON, "no mapping is left behind")
    except ProgramError as error:
        result.failures.append(str(error))


def is_mapped(method, *listing, shows=""):
    """The mapping is there and is removed at the end; a program of others, run in Bob's LAN, lists it as `shows`."""
    def story(run, result):
        port = _check_mapping(run, result, method)
        if listing:
            printed = run_program(*listing, space=run.topology.bob).stdout
            wanted = shows.format(port=port, address=run.topology.routers["b"].ipv4)
            result.expect(wanted in printed, f"{listing[0]} does not show {wanted!r}: {printed[-200:]}")
        run.settle(result)
        run.finish(result)
        _check_removal(run, result)
    return story


def is_renewed(run, result):
    """A short lease is kept up under the stream; when the node is killed it runs out, as leases do."""
    gateway = run.topology.services["b"]
    port = _check_mapping(run, result, "pcp")
    run.settle(result)
    end = time.monotonic() + WATCHED
    while time.monotonic() < end:
        if port not in gateway.ports():
            result.failures.append(f"the lease ran out {end - time.monotonic():.0f} s before the end")
            break
        time.sleep(0.2)
    run.finish(result)
    run.bob.kill()
    gateway.wait_for(lambda ports: not ports, 3 * SHORT_LEASE, "the lease of a node that is gone runs out")


def is_made_again(noticed):
    """Bob's gateway restarts with all that it knew gone: the mapping is made anew, and the stream is direct again."""
    def story(run, result):
        gateway = run.topology.services["b"]
        port = _check_mapping(run, result, "pcp")
        run.settle(result)
        moment = time.monotonic()
        gateway.restart()
        gateway.router.exec("conntrack", "-F")
        flushed = time.monotonic()
        gateway.wait_for(lambda ports: port in ports, SOON, "the same port is mapped again")
        result.healed = run.wait_for_direct(flushed + 0.05, TO_DIRECT)
        time.sleep(1)
        result.gap = run.gap_since(moment)
        result.expect(result.healed is not None, f"not direct again within {TO_DIRECT} s after the restart")
        result.expect(result.gap < noticed, f"silence of {result.gap:.2f} s after the restart, {noticed} s are allowed")
        result.verdict = run.judge()
        result.expect(result.verdict == "direct", f"after the restart the stream went by {result.verdict}")
        run.finish(result, may_lose=True)
        _check_removal(run, result)
    return story


def is_not_asked_for(run, result):
    """Mappings could be had, and the nodes were told not to."""
    run.settle(result)
    run.finish(result)
    ports = run.topology.services["b"].ports()
    result.expect(not ports, f"the gateway has mapped {ports}")


def is_let_in(run, result):
    """The IPv6 firewall is asked to let a port in, and closes again at the end."""
    gateway = run.topology.services["b"]
    def told():
        return (run.bob.status() or {}).get("gatewayIPv6", {}).get("mapped")
    address, port = wait_until(told, SOON, "the node tells of a pinhole").rsplit(":", 1)
    pinhole = address.strip("[]"), int(port)
    result.expect(pinhole in gateway.pinholes(), f"the firewall lets in {gateway.pinholes()}, not {pinhole}")
    result.expect(reaches(run, *pinhole), "a stranger's datagram to the port does not come in")
    run.settle(result)
    run.finish(result)
    run.bob.stop()
    wait_until(lambda: not gateway.pinholes(), SOON, "no pinhole is left behind")


def is_behind_another(run, result):
    """Bob's gateway is behind another one: node and netcheck say so, and the path does not depend on it."""
    def told():
        return (run.bob.status() or {}).get("gateway", {}).get("isDoubleNAT")
    result.expect(wait_until(lambda: told() is not None, SOON, "the node tells of the gateway") and told(),
                  "status does not tell of the second NAT")
    report = json.loads(run.bob.command("netcheck", "--json").stdout)
    result.expect(report.get("portMapping", {}).get("isDoubleNAT"), f"netcheck does not tell of the second NAT: {report}")
    run.settle(result)
    run.finish(result)


def is_lied_to(run, result):
    """Both nodes stay up, believe nothing, go nowhere else, and stay small."""
    run.settle(result)
    run.finish(result)
    for node, gateway in zip((run.alice, run.bob), run.topology.services.values()):
        unasked = {request for request in ("PCP", "NAT-PMP", *gateway.paths) if request not in gateway.asked}
        result.expect(not unasked, f"{node.name} did not ask for {unasked}")
        status = (node.status() or {}).get("gateway")
        result.expect(status and "mapped" not in status, f"{node.name} believes: {status}")
        memory = peak_memory(node)
        result.expect(memory < MEMORY, f"{node.name} took {memory} kB")
    victim = run.topology.services["a"].victim
    result.expect(not victim.asked, f"a client was sent to somebody else's server: {victim.asked}")


def peak_memory(node):
    """The largest resident set that the node's program had, in kilobytes (proc_pid_status(5), VmHWM)."""
    with open(f"/proc/{node.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def is_translated(run, result):
    """Alice finds the prefix of her NAT64, and what she looks like in IPv4 where a server can tell her."""
    run.settle(result)
    run.finish(result)
    report = json.loads(run.alice.command("netcheck", "--json").stdout)
    result.expect(report.get("nat64Prefix") == nat64.PREFIX, f"netcheck tells of the prefix {report.get('nat64Prefix')}")
    if run.topology.ipv4:
        seen = report.get("mappedIPv4", "")
        result.expect(seen.startswith(f"{run.topology.routers['a'].ipv4}:"), f"netcheck tells of the IPv4 address {seen}")
