"""UDP applications over `causeway forward`: both ways, only to ports that the peer's owner allowed, over relay and direct path."""

import pytest

from causeway import CLIENT, Forward, Node, Server, two_nodes
from datagrams import EchoService, exchange, udp_socket
from programs import run


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def services():
    with EchoService() as allowed, EchoService() as hidden:
        yield allowed, hidden


@pytest.fixture(scope="module")
def nodes(server, services, tmp_path_factory):
    """Both allow the first service, as port 7000 of their own, and nothing else."""
    allow = ("--loopback", "--allow", f"udp/7000=127.0.0.1:{services[0].port}")
    alice, bob = two_nodes(server, tmp_path_factory.mktemp("nodes"), alice=allow, bob=allow)
    yield alice, bob
    assert (alice.stop(), bob.stop()) == (0, 0)


def test_datagrams_of_every_size_come_back_unchanged_both_ways(nodes):
    alice, bob = nodes
    for node, peer in ((alice, "bob"), (bob, "alice")):
        with Forward(node, peer, 7000) as forward:
            for size in (1, 512, 1400, 4000, 60_000):
                assert exchange(forward.address, count=5, size=size) == 5, size


def test_two_applications_do_not_get_each_others_answers(nodes):
    with Forward(nodes[0], "bob", 7000) as forward:
        host, port = forward.address.rsplit(":", 1)
        with udp_socket() as first, udp_socket() as second:
            for sock in (first, second):
                sock.settimeout(3)
                sock.connect((host, int(port)))
            first.send(b"from the first")
            second.send(b"from the second")
            assert second.recv(100) == b"from the second"
            assert first.recv(100) == b"from the first"


def test_a_port_that_is_not_allowed_is_reached_by_no_datagram(nodes, services):
    hidden = services[1]
    before = hidden.received
    with Forward(nodes[0], "bob", hidden.port) as forward:
        assert exchange(forward.address, count=3, seconds=1) == 0
    assert hidden.received == before


def test_the_asking_side_cannot_choose_where_a_port_leads(nodes):
    done = nodes[0].command("forward", "--listen", "127.0.0.1:0", "--peer", "bob", "--to", "192.0.2.1:53")
    assert done.returncode == 64 and "peer's owner" in done.stderr, done.stdout + done.stderr


def test_forwarding_to_nobody_and_from_a_taken_port_is_refused(nodes):
    done = nodes[0].command("forward", "--listen", "127.0.0.1:0", "--peer", "nobody", "--to", "7000")
    assert done.returncode == 4 and "nobody" in done.stderr, done.stdout + done.stderr
    with udp_socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = nodes[0].command("forward", "--listen", address, "--peer", "bob", "--to", "7000")
        assert done.returncode == 1 and address in done.stderr, done.stdout + done.stderr


def test_commands_say_when_no_node_runs(tmp_path):
    for words in (("status",), ("ping", "bob"), ("forward", "--listen", "127.0.0.1:0", "--peer", "bob", "--to", "1")):
        done = run(CLIENT, *words, "--state", tmp_path)
        assert done.returncode == 3 and len(done.stderr.splitlines()) == 1, done.stdout + done.stderr


@pytest.mark.parametrize("line, code", [
    (None, 64), ("causeway://127.0.0.1", 64), ("https://127.0.0.1/", 64), ("causeway://127.0.0.1:1/cwj_" + "A" * 43, 6)])
def test_a_node_that_cannot_join_says_why(tmp_path, line, code):
    node = Node(tmp_path / "state", line, "alice")
    assert node.wait(15) == code, node.text()
    assert len(node.err) == 1, node.text()


def test_a_join_key_that_was_used_up_is_refused(server, tmp_path):
    line = server.invite()
    first = Node(tmp_path / "first", line, "first")
    first.wait_for_line("is up in network")
    second = Node(tmp_path / "second", line, "second")
    assert second.wait(10) == 5 and "join key has been used" in second.text(), second.text()
    assert first.command("leave").returncode == 0
    assert first.wait() == 0
