internal import CLinux
internal import Coordination
internal import Foundation
internal import Synchronization
internal import TLS
internal import Wire

/// Loads a coordination server: registrations and updates from several threads, then streams that all hear of one node's updates.
final class CoordinationLoad {
    private let login: LoginPlan
    private let joinKey: JoinKeySecret

    init(_ login: LoginPlan, _ joinKey: JoinKeySecret) {
        self.login = login
        self.joinKey = joinKey
    }

    /// What one thread measures, to be read after it has ended.
    private final class Share: Sendable {
        struct Result: Sendable {
            var nodes: [BenchNode] = []
            var latency = Histogram()
            var error: (any Error)?
        }

        let result = Mutex(Result())
        let end = DispatchSemaphore(value: 0)
    }

    /// Registers so many nodes; answers them and how long each took.
    func register(_ count: Int, workers: Int) throws -> (nodes: [BenchNode], latency: Histogram, seconds: Double) {
        let joinKey = joinKey
        return try spread(Array(repeating: nil, count: count), workers) { _, connection in
            try BenchNode(joinKey, on: connection)
        }
    }

    /// Lets the nodes publish in turn, so many updates in all.
    func publish(_ count: Int, _ nodes: [BenchNode], workers: Int) throws -> (
        nodes: [BenchNode], latency: Histogram, seconds: Double
    ) {
        var total = Histogram()
        var seconds = 0.0
        var nodes = nodes
        var left = count
        while left > 0 {
            let part = Array(nodes.prefix(left))
            let round = UInt16(truncatingIfNeeded: left)
            let result = try spread(part, workers) { node, connection in
                guard var node else { throw BenchFailure("there is no node to publish") }
                try node.publish(Endpoint(IPAddress(192, 0, 2, 1), round | 1), on: connection)
                return node
            }
            nodes = result.nodes + nodes.dropFirst(part.count)
            total.add(result.latency)
            seconds += result.seconds
            left -= part.count
        }
        return (nodes, total, seconds)
    }

    private func spread(
        _ nodes: [BenchNode?], _ workers: Int, _ body: @escaping @Sendable (BenchNode?, HTTPConnection) throws -> BenchNode
    ) throws -> (nodes: [BenchNode], latency: Histogram, seconds: Double) {
        let start = Sockets.now()
        let login = login
        let shares = (0..<min(workers, nodes.count)).map { worker in
            let share = Share()
            let own = stride(from: worker, to: nodes.count, by: workers).map { nodes[$0] }
            Thread.detachNewThread {
                var measured = Share.Result()
                do {
                    let connection = try HTTPConnection(login, port: TLSPort())
                    for node in own {
                        let begin = Sockets.now()
                        measured.nodes.append(try body(node, connection))
                        measured.latency.record((Sockets.now() - begin).nanoseconds)
                    }
                } catch {
                    measured.error = error
                }
                share.result.withLock { [measured] in $0 = measured }
                share.end.signal()
            }
            return share
        }
        var latency = Histogram()
        var result: [BenchNode] = []
        for share in shares {
            share.end.wait()
            let measured = share.result.withLock { $0 }
            if let error = measured.error { throw error }
            latency.add(measured.latency)
            result += measured.nodes
        }
        return (result, latency, (Sockets.now() - start).inSeconds)
    }

    /// Opens a stream for each node, lets the first publish `updates` times, and times how long each stream takes to hear of it.
    func fanOut(_ nodes: [BenchNode], updates: Int) throws -> (latency: Histogram, missing: Int) {
        let port = TLSPort()
        let epoll = epoll_create1(Int32(O_CLOEXEC))
        defer { close(epoll) }
        var streams: [HTTPConnection] = []
        for node in nodes {
            let stream = try HTTPConnection(login, port: port)
            let status = try stream.open("/v1/peers/stream", headers: node.authorization)
            guard status == 200 else { throw BenchFailure("a stream was refused with status \(status)") }
            guard causeway_watch_input(epoll, stream.descriptor, UInt64(streams.count)) == 0 else {
                throw SocketError("epoll_ctl")
            }
            streams.append(stream)
        }
        var publisher = nodes[0]
        let connection = try HTTPConnection(login, port: port)
        var latency = Histogram()
        var missing = 0
        // A snapshot for each comes first: all nodes for all streams.
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            try drain(epoll, streams, for: .milliseconds(500)) { _, _ in isQuiet = false }
        }
        for update in 1...updates {
            let endpoint = Endpoint(
                IPAddress(198, 51, 100, UInt8(truncatingIfNeeded: update >> 8)), UInt16(1024 + update & 0xffff))
            let text = Array("\"\(endpoint)\"".utf8)
            var heard = Set<Int>()
            let begin = Sockets.now()
            try publisher.publish(endpoint, on: connection)
            let end = begin + .seconds(2)
            while heard.count < streams.count, Sockets.now() < end {
                try drain(epoll, streams, for: .milliseconds(20), until: { heard.count == streams.count }) { index, bytes in
                    guard bytes.firstRange(of: text) != nil, heard.insert(index).inserted else { return }
                    latency.record((Sockets.now() - begin).nanoseconds)
                }
            }
            missing += streams.count - heard.count
        }
        return (latency, missing)
    }

    private func drain(
        _ epoll: Int32, _ streams: [HTTPConnection], for duration: Duration, until isDone: () -> Bool = { false },
        _ take: (Int, [UInt8]) -> Void
    ) throws {
        let end = Sockets.now() + duration
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        while Sockets.now() < end, !isDone() {
            let count = epoll_wait(epoll, &events, Int32(events.count), 10)
            for event in events.prefix(max(0, Int(count))) {
                let index = Int(event.data.u64)
                take(index, try streams[index].takeAvailable())
            }
        }
    }
}
