"""Gateways that lie to whoever asks them for a port."""

import http.server
import ipaddress
import socket
import socketserver
import struct
import threading
import time

# A port that leads nowhere: who believes the lie shows it.
FORGED = ("203.0.113.9", 9)


LAUGHS = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">' + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)) + "]><root><l>&l9;</l></root>"


class Victim:
    """A web server on the Internet that no gateway may send anybody to."""

    def __init__(self, space):
        self.address, self.asked = space.ipv4, []
        serve(space, self.address, 80, lambda handler: self.asked.append(handler.path))


class HostileGateway:
    """Answers everything, and wrongly: `asked` has what it was asked for.

    PCP mappings are granted with another nonce (RFC 6887 §11.4), NAT-PMP tells a loopback address, and UPnP has a description
    at each of `paths`, which redirects, swells, explodes or drips, and one more that is the victim's.
    """

    def __init__(self, router, victim, paths):
        self.victim, self.paths, self.asked = victim, paths, set()
        self.address = f"{router.lan4}1"
        for port, answers in ((5351, self._grant), (1900, self._discover)):
            listener = router.socket(socket.AF_INET, socket.SOCK_DGRAM)
            listener.bind(("", port))
            threading.Thread(target=self._serve, args=(listener, answers), daemon=True).start()
        serve(router, self.address, 5000, self._describe)

    @staticmethod
    def _serve(listener, answers):
        while True:
            request, source = listener.recvfrom(1500)
            for answer in answers(request):
                listener.sendto(answer, source)

    def _grant(self, request):
        if len(request) < 2:
            return
        version, opcode = request[0], request[1]
        if version == 2:
            header = struct.pack(">BBBBII", 2, 128 | opcode, 0, 0, 7200, 1000) + bytes(12)
            if opcode == 1 and len(request) >= 60:
                self.asked.add("PCP")
                nonce = bytes(byte ^ 1 for byte in request[24:36])
                address = bytes(10) + b"\xff\xff" + ipaddress.IPv4Address(FORGED[0]).packed
                yield header + nonce + request[36:42] + struct.pack(">H", FORGED[1]) + address
                # Shorter and longer than any answer may be (RFC 6887 §7).
                yield header + nonce
                yield header + bytes(1080)
            else:
                yield header
        elif opcode == 0:
            self.asked.add("NAT-PMP")
            yield struct.pack(">BBHI", 0, 128, 0, 1000) + ipaddress.IPv4Address("127.0.0.1").packed
        else:
            yield struct.pack(">BBHIHHI", 0, 129, 0, 1000, *struct.unpack_from(">HH", request, 4), 7200)

    def _discover(self, request):
        if not request.startswith(b"M-SEARCH"):
            return
        here = f"http://{self.address}:5000"
        for location in (f"http://{self.victim.address}/description.xml", *(here + path for path in self.paths)):
            yield "\r\n".join([
                "HTTP/1.1 200 OK", "CACHE-CONTROL: max-age=120", "EXT:", "SERVER: trap/1.0 UPnP/1.1",
                "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1", f"LOCATION: {location}", "", ""]).encode()

    def _describe(self, handler):
        self.asked.add(handler.path)
        if handler.path == "/redirect":
            handler.send_response(302)
            handler.send_header("Location", f"http://{self.victim.address}/redirected.xml")
            handler.end_headers()
            return
        handler.send_response(200)
        handler.end_headers()
        if handler.path == "/large":
            handler.wfile.write(b"<root>" + b"<service>x</service>" * 50_000)
        elif handler.path == "/laughs":
            handler.wfile.write(LAUGHS.encode())
        else:
            for _ in range(600):
                handler.wfile.write(b"<a>")
                time.sleep(0.1)


def serve(space, address, port, answer):
    """An HTTP server in a namespace: `answer` is called with the handler of each request."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                answer(self)
            except OSError:
                pass  # The client has hung up, as it should.

        do_POST = do_GET

        def log_message(self, *_):
            pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Server((address, port), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = space.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.server_bind()
    server.server_activate()
    threading.Thread(target=server.serve_forever, daemon=True).start()
