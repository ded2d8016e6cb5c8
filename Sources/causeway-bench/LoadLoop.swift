internal import CLinux
internal import CryptoBox
internal import DERP
internal import Glibc
internal import TLS
internal import Wire

/// One thread's epoll loop over many links.
///
/// It is the one place of this program that handles raw memory: two scratch buffers that every link of the loop reads into and writes from,
/// so that a packet costs the generator as little as it can. Only the thread that runs the loop touches them.
final class LoadLoop<Observer: LinkObserver> {
    private static var cipherCapacity: Int { 128 << 10 }
    private static var outgoingCapacity: Int { 256 << 10 }
    /// A frame begun, what one read brings, and what a session may hold back.
    private static var plainCapacity: Int { 2 * (64 << 10) + TLSSession.plaintextCapacity(forCiphertext: cipherCapacity) }

    private(set) var links: [Link] = []
    private let plan: LoginPlan
    private unowned let observer: Observer
    private let epoll: Int32
    private let port = TLSPort()
    private let cipher: UnsafeMutableRawBufferPointer
    private let plain: UnsafeMutableRawBufferPointer
    private let outgoing: UnsafeMutableRawBufferPointer
    private let events: UnsafeMutableBufferPointer<epoll_event>
    private var outgoingCount = 0
    /// Links that may have bytes to read, and those that are being read.
    private var unfinished: [Link] = []
    private var reading: [Link] = []
    private var random = SystemRandomNumberGenerator()
    private var writer = ByteWriter()

    init(_ plan: LoginPlan, observer: Observer) {
        self.plan = plan
        self.observer = observer
        epoll = epoll_create1(Int32(O_CLOEXEC))
        cipher = .allocate(byteCount: Self.cipherCapacity, alignment: 64)
        plain = .allocate(byteCount: Self.plainCapacity, alignment: 64)
        outgoing = .allocate(byteCount: Self.outgoingCapacity, alignment: 64)
        events = .allocate(capacity: 512)
    }

    deinit {
        for link in links where link.descriptor >= 0 { Glibc.close(link.descriptor) }
        Glibc.close(epoll)
        cipher.deallocate()
        plain.deallocate()
        outgoing.deallocate()
        events.deallocate()
    }

    // MARK: - Links

    /// Begins another connection.
    @discardableResult
    func connect(_ key: NodePrivateKey, from source: IPAddress? = nil) throws -> Link {
        let descriptor = try Sockets.connect(to: plan.endpoint, from: source)
        let link = Link(index: links.count, key: key, descriptor: descriptor, at: Sockets.now())
        links.append(link)
        guard causeway_watch_edges(epoll, descriptor, UInt64(link.index)) == 0 else { throw SocketError("epoll_ctl") }
        return link
    }

    func close(_ link: Link, _ reason: String) {
        guard !link.isClosed else { return }
        link.phase = .closed(reason)
        port.abandon()
        Glibc.close(link.descriptor)
        link.descriptor = -1
        link.session = nil
        link.machine = nil
        link.tail = []
        link.pending = PendingBytes()
        observer.closed(link, reason)
    }

    // MARK: - Sending

    /// Adds one packet frame for `link`, stamped behind its head with flow, sequence number and time. `flush` has to follow.
    func append(_ template: [UInt8], flow: Int, sequence: UInt64, at now: Instant, to link: Link) {
        if outgoingCount + template.count > Self.outgoingCapacity { flush(link) }
        guard let start = outgoing.baseAddress.map({ $0 + outgoingCount }) else { return }
        template.withUnsafeBytes { source in
            if let base = source.baseAddress { start.copyMemory(from: base, byteCount: source.count) }
        }
        let stamp = start + PacketLayout.prefixCount
        stamp.storeBytes(of: UInt64(flow).bigEndian, as: UInt64.self)
        stamp.storeBytes(of: sequence.bigEndian, toByteOffset: 8, as: UInt64.self)
        stamp.storeBytes(of: UInt64(bitPattern: now.nanoseconds).bigEndian, toByteOffset: 16, as: UInt64.self)
        outgoingCount += template.count
    }

    /// Sends what was appended for `link`.
    func flush(_ link: Link) {
        guard outgoingCount > 0 else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: outgoing[..<outgoingCount])
        outgoingCount = 0
        send(bytes, on: link)
    }

    private func send(_ bytes: [UInt8], on link: Link) {
        bytes.withUnsafeBytes { send($0, on: link) }
    }

    private func send(_ bytes: UnsafeRawBufferPointer, on link: Link) {
        guard !link.isClosed else { return }
        guard let session = link.session else { return transmit(bytes, on: link) }
        do {
            try session.write(bytes)
            transmitOutput(of: link)
        } catch {
            close(link, "TLS: \(error)")
        }
    }

    /// Sends the ciphertext that a call to the link's session has left.
    private func transmitOutput(of link: Link) {
        let output = port.output
        if output.count > 0 { transmit(output, on: link) }
        port.clearOutput()
    }

    private func transmit(_ bytes: UnsafeRawBufferPointer, on link: Link) {
        guard link.pending.isEmpty else {
            link.pending.append(bytes)
            return
        }
        let count = Glibc.send(link.descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        if count < 0, errno != EAGAIN { return close(link, "send: \(String(cString: strerror(errno)))") }
        if count < bytes.count { link.pending.append(UnsafeRawBufferPointer(rebasing: bytes[max(0, count)...])) }
    }

    private func transmitPending(of link: Link) {
        guard !link.pending.isEmpty else { return }
        let count = link.pending.withUnsafeBytes {
            Glibc.send(link.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno != EAGAIN { return close(link, "send: \(String(cString: strerror(errno)))") }
        if count > 0 { link.pending.removeFirst(count) }
        if link.pending.isEmpty, link.isReady { observer.becameWritable(link) }
    }

    // MARK: - Waking up

    /// Waits for events at most so many milliseconds and handles them all.
    func wakeUp(within milliseconds: Int32) {
        let count = epoll_wait(epoll, events.baseAddress, Int32(events.count), unfinished.isEmpty ? milliseconds : 0)
        let now = Sockets.now()
        for index in 0..<Int(max(0, count)) {
            let link = links[Int(events[index].data.u64)]
            let flags = events[index].events
            if case .connecting = link.phase { connected(link, at: now) }
            if flags & causeway_writable != 0, !link.isClosed { transmitPending(of: link) }
            if flags & (causeway_readable | causeway_failed | causeway_peer_closed) != 0 { wantRead(link) }
        }
        swap(&unfinished, &reading)
        for link in reading { receive(link, at: now) }
        reading.removeAll(keepingCapacity: true)
    }

    private func wantRead(_ link: Link) {
        guard !link.isReading else { return }
        link.isReading = true
        unfinished.append(link)
    }

    private func connected(_ link: Link, at now: Instant) {
        if let error = Sockets.pendingError(link.descriptor) { return close(link, error.description) }
        guard let context = plan.context, let peer = plan.peer(ofLink: link.index) else { return secured(link, at: now) }
        do {
            link.phase = .securing
            link.session = try TLSSession(client: context, to: peer, port: port)
            try link.session?.handshake()
            transmitOutput(of: link)
        } catch {
            close(link, "TLS: \(error)")
        }
    }

    /// The transport is there: asks for the upgrade, and logs in at once when the server's certificate named its key.
    private func secured(_ link: Link, at now: Instant) {
        link.isResumed = link.session?.isResumed ?? false
        guard !plan.isRaw else {
            link.phase = .awaitingGreeting
            return send(withUnsafeBytes(of: UInt64(link.index).bigEndian) { Array($0) }, on: link)
        }
        let announced = link.session?.peerRelayKey
        let request = HTTPUpgrade.request(
            host: plan.authority, userAgent: "causeway-bench", isFastStart: announced != nil)
        writer.removeAll()
        writer.write(request)
        var machine = ClientConnection(link.key, announcedServerKey: announced, at: now)
        do {
            try machine.start(using: &random, to: &writer)
        } catch {
            return close(link, "login: \(error)")
        }
        link.machine = machine
        link.phase = announced == nil ? .upgrading(head: []) : .loggingIn
        send(writer.bytes, on: link)
    }

    // MARK: - Receiving

    /// Reads once: a link with more to read waits its turn, so that none keeps the others from being served.
    private func receive(_ link: Link, at now: Instant) {
        link.isReading = false
        guard !link.isClosed, !link.isStalled else { return }
        // The beginning of a frame goes in front of what follows it.
        let held = link.tail.count
        link.tail.withUnsafeBytes { plain.copyMemory(from: $0) }
        let room = UnsafeMutableRawBufferPointer(rebasing: plain[held...])
        let target = link.session == nil ? UnsafeMutableRawBufferPointer(rebasing: room.prefix(Self.cipherCapacity)) : cipher
        let count = recv(link.descriptor, target.baseAddress, target.count, 0)
        if count == 0 { return close(link, "closed by the server") }
        if count < 0 { return errno == EAGAIN ? () : close(link, "recv: \(String(cString: strerror(errno)))") }
        if let session = link.session {
            open(UnsafeRawBufferPointer(rebasing: cipher[..<count]), session, link, room, held, at: now)
        } else {
            consume(link, held + count, at: now)
        }
        if count == target.count, !link.isClosed { wantRead(link) }
    }

    /// Decrypts what was received and consumes it.
    private func open(
        _ ciphertext: UnsafeRawBufferPointer, _ session: TLSSession, _ link: Link, _ room: UnsafeMutableRawBufferPointer,
        _ held: Int, at now: Instant
    ) {
        do {
            let reading = try session.receive(ciphertext, into: room)
            // The room is larger than anything the input can hold, so that one call takes all of it.
            guard reading.outcome != .peerClosed else { return close(link, "closed by the server") }
            transmitOutput(of: link)
            if case .securing = link.phase, session.isEstablished { secured(link, at: now) }
            if reading.count > 0 { consume(link, held + reading.count, at: now) }
        } catch {
            close(link, "TLS: \(error)")
        }
    }

    /// Takes the first bytes of the plaintext buffer as what came on the link.
    private func consume(_ link: Link, _ count: Int, at now: Instant) {
        let bytes = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: plain[..<count]))
        switch link.phase {
        case .upgrading(let head): upgrade(link, head + bytes.copy(), at: now)
        case .loggingIn: logIn(link, bytes, at: now)
        case .awaitingGreeting:
            link.phase = .ready
            observer.becameReady(link, at: now)
            takeFrames(link, bytes, at: now)
        case .ready: takeFrames(link, bytes, at: now)
        case .connecting, .securing, .closed: break
        }
    }

    private func upgrade(_ link: Link, _ head: [UInt8], at now: Instant) {
        let end = Array("\r\n\r\n".utf8)
        guard let index = head.indices.first(where: { head[$0...].starts(with: end) }) else {
            if head.count > 8192 { return close(link, "the reply to the upgrade has no end") }
            link.phase = .upgrading(head: head)
            return
        }
        guard head.starts(with: Array("HTTP/1.1 101".utf8)) else {
            let line = head.prefix { $0 != 13 }
            return close(link, "the upgrade was refused: \(String(decoding: line, as: UTF8.self))")
        }
        link.phase = .loggingIn
        logIn(link, Array(head[(index + end.count)...]).bytes, at: now)
    }

    private func logIn(_ link: Link, _ bytes: RawSpan, at now: Instant) {
        writer.removeAll()
        do {
            link.machine?.receive(bytes, at: now)
            while let event = try link.machine?.nextEvent(at: now, using: &random, to: &writer) {
                guard case .serverInfo = event else { continue }
                link.phase = .ready
                link.tail = link.machine?.takeRest() ?? []
                link.machine = nil
                observer.becameReady(link, at: now)
                let rest = link.tail
                takeFrames(link, rest.bytes, at: now)
                break
            }
        } catch {
            return close(link, "login: \(error)")
        }
        if writer.count > 0 { send(writer.bytes, on: link) }
    }

    private func takeFrames(_ link: Link, _ bytes: RawSpan, at now: Instant) {
        var offset = 0
        while let header = FrameHeader(bytes, at: offset), header.frameCount <= bytes.byteCount - offset {
            let start = offset + FrameHeader.byteCount
            offset += header.frameCount
            // The floor's server sends back what it got, so that its packets have the other type.
            if header.rawType == FrameType.receivedPacket.rawValue || header.rawType == FrameType.sendPacket.rawValue,
                header.payloadCount >= NodeKey.byteCount
            {
                observer.packetReceived(link, bytes.extracting(start + NodeKey.byteCount..<offset), at: now)
            }
        }
        link.tail = offset == bytes.byteCount ? [] : bytes.copy(offset..<bytes.byteCount)
    }
}
