import CLinux
import CryptoBox
import DERP
import Glibc
import Logging
import TLS
import Wire

@testable import Relay

/// A relay with two shards in this process, and clients on loopback TCP connections.
final class TestRelay: Sendable {
    let datapath: Datapath
    let serverKey: NodePrivateKey

    init(
        admission: any RelayAdmission = OpenAdmission(), limits: RelayLimits = RelayLimits(), meshKey: MeshKey? = nil,
        loginTimeout: Duration = .seconds(10), admissionTimeout: Duration = .seconds(10),
        keepAliveInterval: Duration = .seconds(60), writeTimeout: Duration = .seconds(3), shardCount: Int = 2
    ) throws {
        var random = SeededGenerator(.random(in: 0 ... .max))
        serverKey = NodePrivateKey(using: &random)
        var logger = Logger(label: "relay.tests")
        logger.logLevel = .critical
        datapath = try Datapath(
            configuration: RelayConfiguration(
                shardCount: shardCount, limits: limits, meshKey: meshKey, loginTimeout: loginTimeout,
                admissionTimeout: admissionTimeout, keepAliveInterval: keepAliveInterval, keepAliveJitter: .zero,
                writeTimeout: writeTimeout, logger: logger),
            serverKey: serverKey, admission: admission)
        try datapath.start()
    }

    deinit {
        datapath.stop()
    }

    /// Connects a client whose connection is handed over like one from the HTTP front.
    func connect(
        _ key: NodePrivateKey = .random(), tls: TestTLS? = nil, isWebSocket: Bool = false, info: ClientInfo = ClientInfo(),
        reply: [UInt8] = [], unread: [UInt8] = [], receiveBuffer: Int32? = nil,
        loginPlace: LoginPlace? = nil
    ) throws -> TestClient {
        let (client, server) = try TestSocket.pair(receiveBuffer: receiveBuffer)
        let source = Endpoint(IPAddress(127, 0, 0, 1), client.localPort)
        let transport: Adoption.Transport
        let session: TestTLS.Session?
        if let tls {
            let (clientSide, serverSide) = try tls.handshake()
            session = clientSide
            transport = .tls(serverSide)
        } else {
            session = nil
            transport = .plain
        }
        let isTaken = datapath.adopt(
            Adoption(
                descriptor: OwnedDescriptor(taking: server), transport: transport, framing: isWebSocket ? .webSocket : .stream,
                unread: unread, reply: reply, source: source, loginPlace: loginPlace))
        guard isTaken else { throw TestFailure("the relay refused the connection") }
        return TestClient(client, session, isWebSocket: isWebSocket, key: key, info: info)
    }

    /// Connects and logs in.
    func logIn(
        _ key: NodePrivateKey = .random(), tls: TestTLS? = nil, isWebSocket: Bool = false, info: ClientInfo = ClientInfo(),
        receiveBuffer: Int32? = nil
    ) throws -> TestClient {
        let client = try connect(key, tls: tls, isWebSocket: isWebSocket, info: info, receiveBuffer: receiveBuffer)
        try client.logIn()
        return client
    }

    /// Waits until the relay's statistics satisfy a condition.
    func wait(
        upTo limit: Duration = .seconds(5), until condition: (RelayStatistics) -> Bool
    ) async throws -> RelayStatistics {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while true {
            // Asked before the look, which may have to wait for its turn: the last look is always one after the end.
            let isLast = clock.now >= end
            let statistics = await datapath.snapshot()
            if condition(statistics) { return statistics }
            guard !isLast else { throw TestFailure("the condition did not come true: \(Self.describe(statistics))") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The counters with what was dropped, and the connections.
    private static func describe(_ statistics: RelayStatistics) -> String {
        let drops = DropReason.allCases.flatMap { reason in
            PacketKind.allCases.map { (reason, $0, statistics.counters.dropped(reason, $0).packets) }
        }
        let dropped = drops.filter { $0.2 > 0 }.map { "\($0.0.label)/\($0.1.label): \($0.2)" }.joined(separator: ", ")
        return "\(statistics.counters)\ndropped \(dropped)\n\(statistics.connections)"
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension NodePrivateKey {
    /// A key for one test. Not from the system's generator: that has no size, and ThreadSanitizer stumbles over its address.
    static func random() -> NodePrivateKey {
        var random = SeededGenerator(.random(in: 0 ... .max))
        return NodePrivateKey(using: &random)
    }
}

/// One end of a TCP connection on loopback.
final class TestSocket {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    var localPort: UInt16 {
        var endpoint = causeway_endpoint()
        _ = causeway_local_endpoint(number, &endpoint)
        return endpoint.port
    }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw TestFailure("cannot send: \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes the coming close a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// A connected pair: ours, blocking, and the relay's, which the caller has to close.
    static func pair(receiveBuffer: Int32? = nil) throws -> (TestSocket, Int32) {
        let listener = TestSocket(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener.number, $0, size) == 0 }
        }
        guard isBound, listen(listener.number, 1) == 0 else { throw TestFailure("cannot listen: \(errno)") }
        address.sin_port = listener.localPort.bigEndian
        let client = TestSocket(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        if var receiveBuffer { setsockopt(client.number, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(client.number, $0, size) == 0 }
        }
        guard isConnected else { throw TestFailure("cannot connect: \(errno)") }
        var one: Int32 = 1
        setsockopt(client.number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let accepted = causeway_accept(listener.number)
        guard accepted >= 0 else { throw TestFailure("cannot accept: \(errno)") }
        return (client, accepted)
    }
}

/// Contexts for both ends, and handshakes between them in memory.
struct TestTLS: Sendable {
    /// The client's end of a finished handshake.
    struct Session {
        let session: TLSSession
        let port: TLSPort
    }

    private let server: TLSContext
    private let client: TLSContext

    init(versions: ClosedRange<TLSVersion> = .tls12 ... .tls13) throws {
        let identity = try TLSIdentity.selfSigned(names: ["localhost"], addresses: [])
        server = try TLSContext(server: identity)
        client = try TLSContext(usesSystemRoots: false, versions: versions)
    }

    func handshake() throws -> (Session, TLSSession) {
        let clientPort = TLSPort()
        let serverPort = TLSPort()
        let ours = try TLSSession(client: client, to: TLSPeer(host: "localhost", proof: .nothing), port: clientPort)
        let theirs = try TLSSession(server: server, port: serverPort)
        try ours.handshake()
        var scratch = [UInt8](repeating: 0, count: 32 << 10)
        while !ours.isEstablished || !theirs.isEstablished || clientPort.output.count + serverPort.output.count > 0 {
            try Self.move(clientPort, to: theirs, &scratch)
            try Self.move(serverPort, to: ours, &scratch)
        }
        theirs.detach()
        return (Session(session: ours, port: clientPort), theirs)
    }

    private static func move(_ port: TLSPort, to session: TLSSession, _ scratch: inout [UInt8]) throws {
        let bytes = Array(port.output)
        port.clearOutput()
        try bytes.withUnsafeBytes { bytes in
            try scratch.withUnsafeMutableBytes { _ = try session.receive(bytes, into: $0) }
        }
    }
}
