internal import CLinux
internal import Glibc
internal import STUN
internal import Wire

/// One shard's STUN server: its own socket per address, batches of datagrams in and out, the pure responder between.
///
/// Requests that are at least as long as their replies are always answered. The others, which a forger could use to send a victim more
/// than he sends himself, are answered within the budget of their source's network.
struct STUNService: ~Copyable {
    /// What a shard needs to serve.
    struct Setup: Sendable {
        var sockets: [BoundSocket]
        var behaviour: [ServerAddresses]
        var rate: STUNRate
    }

    /// A socket on its way to a shard.
    final class BoundSocket: Sendable {
        let descriptor: OwnedDescriptor
        let local: Endpoint

        init(_ descriptor: consuming OwnedDescriptor, _ local: Endpoint) {
            self.descriptor = descriptor
            self.local = local
        }
    }

    /// Datagrams received or sent by one system call.
    private static let batchCount: UInt32 = 64
    /// The longest request answered: RFC 8489 §6.1 asks for packets below the path MTU.
    private static let maximumDatagramCount: UInt32 = 2048

    private let sockets: [BoundSocket]
    private let responder: Responder
    private let behaviour: [ServerAddresses]
    private var budget: PrefixBudget
    private let incoming: OpaquePointer
    /// Replies waiting to be sent, one batch per socket.
    private let outgoing: [OpaquePointer]
    private var reply = ByteWriter(reservingCapacity: 2048)
    private(set) var counters = STUNCounters()

    /// Nil when memory is short.
    init?(_ setup: Setup, using random: inout some RandomNumberGenerator) {
        guard let incoming = causeway_datagrams_make(Self.batchCount, Self.maximumDatagramCount) else { return nil }
        var outgoing: [OpaquePointer] = []
        for _ in setup.sockets {
            guard let batch = causeway_datagrams_make(Self.batchCount, Self.maximumDatagramCount) else { return nil }
            outgoing.append(batch)
        }
        sockets = setup.sockets
        behaviour = setup.behaviour
        responder = Responder(addresses: setup.behaviour)
        budget = PrefixBudget(setup.rate, using: &random)
        self.incoming = incoming
        self.outgoing = outgoing
    }

    deinit {
        causeway_datagrams_free(incoming)
        for batch in outgoing { causeway_datagrams_free(batch) }
    }

    var socketCount: Int { sockets.count }

    func descriptorNumber(_ index: Int) -> Int32 { sockets[index].descriptor.number }

    /// Answers what waits at a socket, one batch: a level-triggered epoll set calls again when there is more.
    mutating func serve(_ index: Int, at now: Instant) {
        let received = causeway_datagrams_receive(incoming, sockets[index].descriptor.number)
        guard received > 0 else {
            if received != -EAGAIN { counters.readErrors &+= 1 }
            return
        }
        for datagram in 0..<UInt32(received) { answer(datagram, from: index, at: now) }
        for target in sockets.indices where causeway_datagrams_count(outgoing[target]) > 0 { send(target) }
    }

    private mutating func answer(_ datagram: UInt32, from index: Int, at now: Instant) {
        var length: UInt32 = 0
        let payload = causeway_datagrams_payload(incoming, datagram, &length)
        var remote = causeway_endpoint()
        var local = causeway_endpoint()
        causeway_datagrams_addresses(incoming, datagram, &remote, &local)
        local.port = sockets[index].local.port
        let request = UnsafeRawBufferPointer(start: payload, count: Int(length)).bytes
        reply.removeAll()
        switch responder.respond(to: request, from: Endpoint(remote), receivedOn: Endpoint(local), into: &reply) {
        case .ignored(.malformed): counters.notSTUN &+= 1
        case .ignored: counters.ignored &+= 1
        case .reply(let destination, let origin):
            guard reply.count <= Int(length) || budget.take(destination.address, at: now) else {
                counters.limited &+= 1
                return
            }
            count(destination, requestCount: Int(length))
            var to = causeway_endpoint(destination)
            to.scope = remote.scope
            var from = local
            let target = socket(for: origin, receivedOn: index, &from)
            append(to: &to, from: &from, on: target)
        }
    }

    private mutating func count(_ destination: Endpoint, requestCount: Int) {
        if destination.address.isIPv4 { counters.answeredIPv4 &+= 1 } else { counters.answeredIPv6 &+= 1 }
        counters.requestBytes &+= UInt64(requestCount)
        counters.replyBytes &+= UInt64(reply.count)
    }

    /// The socket a reply leaves from. A reply from the same place keeps the local address that the request was sent to.
    private func socket(for origin: ReplyOrigin, receivedOn index: Int, _ local: inout causeway_endpoint) -> Int {
        guard origin != .same else { return index }
        let own = Endpoint(local)
        guard let addresses = behaviour.first(where: { $0.contains(own) }) else { return index }
        let wanted = addresses.socket(origin, from: own)
        guard let target = sockets.firstIndex(where: { $0.local == wanted }) else { return index }
        local = causeway_endpoint(wanted)
        return target
    }

    private mutating func append(to remote: inout causeway_endpoint, from local: inout causeway_endpoint, on target: Int) {
        let batch = outgoing[target]
        if causeway_datagrams_count(batch) == causeway_datagrams_capacity(batch) { send(target) }
        let count = UInt32(reply.count)
        let hasLocal = local.high | local.low != 0
        let isAppended = reply.bytes.withUnsafeBufferPointer { bytes in
            hasLocal
                ? causeway_datagrams_append(batch, bytes.baseAddress, count, &remote, &local)
                : causeway_datagrams_append(batch, bytes.baseAddress, count, &remote, nil)
        }
        if !isAppended { counters.writeErrors &+= 1 }
    }

    private mutating func send(_ target: Int) {
        var failed: UInt32 = 0
        causeway_datagrams_send(
            outgoing[target], sockets[target].descriptor.number, sockets[target].local.address.isIPv4, &failed)
        counters.writeErrors &+= UInt64(failed)
    }
}
