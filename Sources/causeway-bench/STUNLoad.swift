internal import CLinux
internal import Glibc
internal import STUN
internal import Wire

/// Sends binding requests from several sockets, a window of them at once on each; every answer makes room for the next request.
///
/// A transaction ID is a counter's lower half and the time of sending, so that an answer alone tells its latency.
final class STUNLoad {
    private static let batch: UInt32 = 64
    private static let lossTimeout = Duration.milliseconds(300)

    private struct Source {
        let descriptor: Int32
        var inFlight = 0
        var progressedAt: Instant
    }

    private(set) var answers = 0
    private(set) var lost = 0
    private(set) var latency = Histogram()

    private var remote: causeway_endpoint
    private let window: Int
    private var template: [UInt8]
    private var sources: [Source] = []
    private let epoll: Int32
    private let received: OpaquePointer
    private let sent: OpaquePointer
    private var counter: UInt32 = 0

    init(_ endpoint: Endpoint, sockets: Int, window: Int, isBare: Bool) throws {
        self.window = min(window, Int(Self.batch))
        remote = causeway_endpoint()
        remote.port = endpoint.port
        if let ipv4 = endpoint.address.ipv4 {
            remote.is_ipv4 = true
            remote.low = UInt64(ipv4)
        } else if let (high, low) = endpoint.address.ipv6 {
            remote.high = high
            remote.low = low
        }
        var random = SystemRandomNumberGenerator()
        let attributes: [Attribute] = isBare ? [] : [.software("causeway-bench, a load generator")]
        template = Message(.bindingRequest, transactionID: TransactionID(using: &random), attributes: attributes).encoded()
        epoll = epoll_create1(Int32(O_CLOEXEC))
        guard let received = causeway_datagrams_make(Self.batch, 1500), let sent = causeway_datagrams_make(Self.batch, 1500)
        else {
            throw SocketError("malloc")
        }
        self.received = received
        self.sent = sent
        var local = causeway_endpoint()
        local.is_ipv4 = endpoint.address.isIPv4
        for index in 0..<sockets {
            let descriptor = causeway_bind_udp(&local, false, false)
            guard descriptor >= 0, causeway_watch_input(epoll, descriptor, UInt64(index)) == 0 else {
                throw SocketError("bind", -descriptor)
            }
            sources.append(Source(descriptor: descriptor, progressedAt: Sockets.now()))
        }
    }

    deinit {
        for source in sources { close(source.descriptor) }
        close(epoll)
        causeway_datagrams_free(received)
        causeway_datagrams_free(sent)
    }

    /// Runs the load for a while.
    func turn(_ duration: Duration) {
        let end = Sockets.now() + duration
        var nextSweep = Sockets.now()
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { events in
            while true {
                let now = Sockets.now()
                guard now < end else { return }
                if now >= nextSweep {
                    refillSilent(at: now)
                    nextSweep = now + .milliseconds(100)
                }
                let count = epoll_wait(epoll, events.baseAddress, Int32(events.count), 50)
                for event in 0..<Int(max(0, count)) { receive(Int(events[event].data.u64)) }
            }
        }
    }

    func resetCounters() {
        answers = 0
        lost = 0
        latency.removeAll()
    }

    private func receive(_ index: Int) {
        let count = causeway_datagrams_receive(received, sources[index].descriptor)
        guard count > 0 else { return }
        let now = Sockets.now()
        for datagram in 0..<UInt32(count) {
            var length: UInt32 = 0
            guard let start = causeway_datagrams_payload(received, datagram, &length) else { continue }
            let bytes = RawSpan(_unsafeStart: start, byteCount: Int(length))
            // A success response (0x0101) and where our transaction ID holds the time.
            guard let type = bytes.uint32(at: 0), type >> 16 == 0x0101, let sentAt = bytes.uint64(at: 12) else { continue }
            latency.record(now.nanoseconds - Int64(bitPattern: sentAt))
            answers += 1
            sources[index].inFlight = max(0, sources[index].inFlight - 1)
        }
        sources[index].progressedAt = now
        fill(index, at: now)
    }

    private func fill(_ index: Int, at now: Instant) {
        while sources[index].inFlight < window {
            counter &+= 1
            stamp(counter, at: 8, count: 4)
            stamp(UInt64(bitPattern: now.nanoseconds), at: 12, count: 8)
            guard causeway_datagrams_append(sent, template, UInt32(template.count), &remote, nil) else { break }
            sources[index].inFlight += 1
        }
        var failed: UInt32 = 0
        causeway_datagrams_send(sent, sources[index].descriptor, remote.is_ipv4, &failed)
        sources[index].inFlight -= Int(failed)
    }

    private func stamp(_ value: some FixedWidthInteger & UnsignedInteger, at offset: Int, count: Int) {
        for byte in 0..<count { template[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - byte))) }
    }

    /// A socket whose window was lost would say nothing for ever.
    private func refillSilent(at now: Instant) {
        for index in sources.indices where now - sources[index].progressedAt > Self.lossTimeout || sources[index].inFlight == 0 {
            lost += sources[index].inFlight
            sources[index].inFlight = 0
            sources[index].progressedAt = now
            fill(index, at: now)
        }
    }
}
