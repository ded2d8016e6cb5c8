import CryptoBox
import DERP
import Testing
import Wire

struct HTTPUpgradeTests {
    @Test(arguments: ["login", "login-fast-start"])
    func theHeadsAreThoseOfTheRecordings(name: String) throws {
        let recording = try Recording.load(name)
        let isFastStart = name == "login-fast-start"
        let sent = hex(recording.bytesClientToServer)
        let head = String(decoding: sent.dropLast(recording.clientStream.count), as: UTF8.self)
        let host = try #require(head.split(separator: "\r\n").first { $0.hasPrefix("Host: ") }?.dropFirst(6))
        let request = HTTPUpgrade.request(host: String(host), userAgent: "Go-http-client/1.1", isFastStart: isFastStart)
        let lines = { (text: String) in Set(text.split(separator: "\r\n")) }
        #expect(lines(String(decoding: request, as: UTF8.self)) == lines(head))
        guard !isFastStart else { return }
        let reply = HTTPUpgrade.reply(serverKey: try recording.serverKey().publicKey)
        #expect(reply + recording.serverStream == hex(recording.bytesServerToClient))
    }

    @Test func aWebSocketReplyNamesTheSubProtocol() throws {
        let reply = String(decoding: HTTPUpgrade.webSocketReply(accept: "fd83FqPzhRpD6EhnnNVeS1fby6Q="), as: UTF8.self)
        #expect(reply.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n") && reply.hasSuffix("\r\n\r\n"))
        #expect(reply.contains("\r\nSec-WebSocket-Accept: fd83FqPzhRpD6EhnnNVeS1fby6Q=\r\nSec-WebSocket-Protocol: derp\r\n"))
    }
}
