internal import CLinux
internal import DERP
internal import Glibc
internal import TLS
internal import Wire

/// The least a relay could do on this machine: it opens what one connection sends, seals it for its partner and sends it, and knows nothing of
/// packets, keys or queues. Connections say their number first and are greeted; 2n and 2n + 1 are partners.
///
/// It handles raw memory as the load loop does, for the same reason: two scratch buffers of one thread.
final class FloorRelay {
    private static let capacity = 128 << 10

    private final class Side {
        let descriptor: Int32
        let session: TLSSession?
        var number: Int?
        var pending: [UInt8] = []

        init(descriptor: Int32, session: TLSSession?) {
            self.descriptor = descriptor
            self.session = session
        }
    }

    private let context: TLSContext?
    private let listener: Int32
    private let epoll: Int32
    private let port = TLSPort()
    private let cipher: UnsafeMutableRawBufferPointer
    private let plain: UnsafeMutableRawBufferPointer
    private var sides: [Int32: Side] = [:]
    private var numbered: [Int: Side] = [:]
    /// The answer to a number: a keep-alive, which ends a login as the relay's last frame does. Behind it come no more tickets.
    private let greeting: [UInt8]

    /// Takes over a listening socket.
    init(listener: Int32, context: TLSContext?) {
        self.listener = listener
        self.context = context
        var writer = ByteWriter()
        ServerFrame.writeKeepAlive(to: &writer)
        greeting = writer.bytes
        epoll = epoll_create1(Int32(O_CLOEXEC))
        cipher = .allocate(byteCount: Self.capacity, alignment: 64)
        plain = .allocate(byteCount: TLSSession.plaintextCapacity(forCiphertext: Self.capacity), alignment: 64)
    }

    /// Relays until the process ends.
    func run() throws -> Never {
        guard causeway_watch_input(epoll, listener, UInt64(listener)) == 0 else { throw SocketError("epoll_ctl") }
        let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 512)
        while true {
            let count = max(0, epoll_wait(epoll, events.baseAddress, Int32(events.count), -1))
            for index in 0..<Int(count) {
                let descriptor = Int32(truncatingIfNeeded: events[index].data.u64)
                if descriptor == listener {
                    try accept()
                } else if let side = sides[descriptor] {
                    if events[index].events & causeway_writable != 0 { transmitPending(of: side) }
                    receive(side)
                }
            }
        }
    }

    private func accept() throws {
        let descriptor = causeway_accept(listener)
        guard descriptor >= 0 else { return }
        Sockets.setNoDelay(descriptor)
        let session = try context.map { context throws(TLSError) in try TLSSession(server: context, port: port) }
        sides[descriptor] = Side(descriptor: descriptor, session: session)
        guard causeway_watch_edges(epoll, descriptor, UInt64(descriptor)) == 0 else { throw SocketError("epoll_ctl") }
    }

    private func receive(_ side: Side) {
        while true {
            let target = side.session == nil ? plain.baseAddress : cipher.baseAddress
            let count = recv(side.descriptor, target, Self.capacity, 0)
            guard count > 0 else {
                if count == 0 || errno != EAGAIN { close(side) }
                return
            }
            var plainCount = count
            if let session = side.session {
                do {
                    let reading = try session.receive(UnsafeRawBufferPointer(rebasing: cipher[..<count]), into: plain)
                    plainCount = reading.count
                    transmitOutput(of: side)
                } catch {
                    return close(side)
                }
            }
            if plainCount > 0 { forward(UnsafeRawBufferPointer(rebasing: plain[..<plainCount]), from: side) }
            if count < Self.capacity { return }
        }
    }

    private func forward(_ bytes: UnsafeRawBufferPointer, from side: Side) {
        var bytes = bytes
        if side.number == nil, bytes.count >= 8 {
            let number = Int(UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) & 0xffff_ffff)
            side.number = number
            numbered[number] = side
            bytes = UnsafeRawBufferPointer(rebasing: bytes[8...])
            greeting.withUnsafeBytes { write($0, to: side) }
        }
        guard !bytes.isEmpty, let number = side.number, let partner = numbered[number ^ 1] else { return }
        write(bytes, to: partner)
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to side: Side) {
        guard let session = side.session else { return transmit(bytes, to: side) }
        do {
            try session.write(bytes)
            transmitOutput(of: side)
        } catch {
            close(side)
        }
    }

    private func transmitOutput(of side: Side) {
        if port.output.count > 0 { transmit(port.output, to: side) }
        port.clearOutput()
    }

    private func transmit(_ bytes: UnsafeRawBufferPointer, to side: Side) {
        guard side.pending.isEmpty else { return side.pending.append(contentsOf: bytes) }
        let count = send(side.descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        if count < bytes.count { side.pending.append(contentsOf: bytes[max(0, count)...]) }
    }

    private func transmitPending(of side: Side) {
        guard !side.pending.isEmpty else { return }
        let count = side.pending.withUnsafeBytes { send(side.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count > 0 { side.pending.removeFirst(count) }
    }

    private func close(_ side: Side) {
        port.abandon()
        sides[side.descriptor] = nil
        if let number = side.number { numbered[number] = nil }
        Glibc.close(side.descriptor)
    }
}
