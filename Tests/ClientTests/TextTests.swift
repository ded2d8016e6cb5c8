import NIOCore
import Testing
import Wire

@testable import Client

@Suite struct AllowedPortTests {
    @Test func aPortAloneLeadsToThisMachine() throws {
        let port = try AllowedPort("udp/7000")
        #expect(port.port == 7000)
        #expect(port.target == "127.0.0.1:7000")
    }

    @Test(arguments: ["udp/53=192.168.1.5:5353", "udp/53=[fd00::5]:5353"])
    func aTargetMayBeElsewhere(text: String) throws {
        let port = try AllowedPort(text)
        #expect(port.port == 53)
        #expect(port.endpoint?.port == 5353)
    }

    @Test(arguments: [
        "", "7000", "tcp/7000", "udp/", "udp/0", "udp/65536", "udp/7000=", "udp/7000=host:53", "udp/7000=1.2.3.4",
        "udp/7000=1.2.3.4:0", "udp/7000=0.0.0.0:5", "udp/7000=224.0.0.1:5",
    ])
    func nonsenseIsRefusedWithARemedy(text: String) {
        let failure = #expect(throws: NodeFailure.self) { try AllowedPort(text) }
        #expect(failure?.kind == .invalidArgument)
        #expect(failure?.message.contains("udp/PORT") == true)
    }
}

@Suite struct HostNameTests {
    @Test(arguments: [
        ("alice", "alice"), ("Alice-PC.home.arpa", "alice-pc"), ("-x_y-", "x-y"), ("Bücher", "b-cher"), ("...", "node"),
        ("", "node"),
    ])
    func aHostNameBecomesANodeName(host: String, label: String) {
        #expect(HostName.label(of: host) == label)
    }

    @Test func aLongNameIsCutToALabel() {
        #expect(HostName.label(of: String(repeating: "a", count: 80)).count == 63)
    }
}

@Suite struct LineSplitterTests {
    @Test(arguments: 1...9)
    func linesComeOutWhateverThePieces(size: Int) throws {
        var splitter = LineSplitter(limit: 100)
        var lines: [String] = []
        let text = Array("one\r\n\ntwo\nthree".utf8)
        for start in stride(from: 0, to: text.count, by: size) {
            let piece = ByteBuffer(bytes: text[start..<min(start + size, text.count)])
            lines += try splitter.append(piece.readableBytesView).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(lines == ["one", "", "two"])
    }

    @Test func aLineAboveTheLimitIsRefused() {
        var splitter = LineSplitter(limit: 4)
        #expect(throws: LineSplitter.TooLong.self) { try splitter.append(ByteBuffer(string: "12345").readableBytesView) }
    }
}

@Suite struct ServerSentEventTests {
    static let stream = """
        : heartbeat

        event: snapshot
        id: 4-7
        data: {"a":
        data: 1}

        id: 4-8
        event:changed
        data:{}

        event: nothing

        data: last
        retry: 5


        """

    @Test(arguments: 1...20)
    func eventsComeOutWhateverThePieces(size: Int) throws {
        var parser = ServerSentEventParser()
        var events: [ServerSentEvent] = []
        let bytes = Array(Self.stream.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])
            events += try parser.append(piece.readableBytesView)
        }
        #expect(
            events == [
                ServerSentEvent(name: "snapshot", data: Array("{\"a\":\n1}".utf8), id: "4-7"),
                ServerSentEvent(name: "changed", data: Array("{}".utf8), id: "4-8"),
                ServerSentEvent(name: "message", data: Array("last".utf8), id: "4-8"),
            ])
    }
}

/// Events that are too long, in one line or in many.
@Suite struct LongEventTests {
    @Test func manyLinesOfOneEventAreTooLongTogether() throws {
        var parser = ServerSentEventParser()
        let line = ByteBuffer(string: "data: " + String(repeating: "x", count: (1 << 20) - 6) + "\n")
        for _ in 0..<32 { _ = try parser.append(line.readableBytesView) }
        #expect(throws: LineSplitter.TooLong.self) { try parser.append(line.readableBytesView) }
    }

    @Test func eventsThatEndAreNotCountedTogether() throws {
        var parser = ServerSentEventParser()
        let event = ByteBuffer(string: "data: " + String(repeating: "x", count: 1 << 20) + "\n\n")
        var count = 0
        for _ in 0..<40 { count += try parser.append(event.readableBytesView).count }
        #expect(count == 40)
    }
}

@Suite struct MillisecondsTests {
    @Test(arguments: [(0.04, "0.0 ms"), (1.26, "1.3 ms"), (12.0, "12.0 ms"), (1234.56, "1234.6 ms")])
    func oneDecimalIsPrinted(value: Double, text: String) {
        #expect(Milliseconds.text(value) == text)
    }
}
